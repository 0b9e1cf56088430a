#include "emu/machine/elf.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "emu/machine/user_error.hpp"
#include "tests/unit/elf_builder.hpp"

using namespace hartbeat;
using Catch::Matchers::Contains;
using hartbeat::test::ElfBuilder;

namespace {

void refused(const std::vector<std::uint8_t>& bytes, const std::string& why) {
  REQUIRE_THROWS_WITH(ElfFile::parse("prog", bytes), Contains("prog: ") && Contains(why));
  REQUIRE_THROWS_AS(ElfFile::parse("prog", bytes), UserError);
}

}  // namespace

TEST_CASE("a good file is taken apart") {
  ElfBuilder builder;
  builder.symbols({"_start", "tohost"});
  const ElfFile file = ElfFile::parse("prog", builder.build());
  CHECK(file.kind() == ElfKind::machine);
  CHECK(file.entry() == 0x8000'0000);
  REQUIRE(file.segments().size() == 1);
  CHECK(file.contents(file.segments()[0]).size() == 64);
  CHECK(file.symbol("tohost") == 0x8000'0010);
  CHECK_FALSE(file.symbol("fromhost").has_value());
  CHECK_NOTHROW(file.require_inside(0x8000'0000, 4096));
}

TEST_CASE("each way to be a wrong file has its own message") {
  ElfBuilder b;
  SECTION("empty") { refused({}, "not an ELF file"); }
  SECTION("a script") { refused({'#', '!', '/', 'b', 'i', 'n'}, "not an ELF file"); }
  SECTION("cut inside the identification") { refused({0x7f, 'E', 'L', 'F', 2}, "truncated"); }
  SECTION("32 bits") {
    b.header.e_ident[EI_CLASS] = ELFCLASS32;
    refused(b.build(), "32-bit ELF");
  }
  SECTION("unknown class") {
    b.header.e_ident[EI_CLASS] = 9;
    refused(b.build(), "unknown ELF class 9");
  }
  SECTION("big-endian") {
    b.header.e_ident[EI_DATA] = ELFDATA2MSB;
    refused(b.build(), "big-endian");
  }
  SECTION("for another machine") {
    b.header.e_machine = EM_X86_64;
    refused(b.build(), "compiled for x86-64 (ELF machine 62), not for RISC-V");
  }
  SECTION("an object file") {
    b.header.e_type = ET_REL;
    refused(b.build(), "has not been linked");
  }
  SECTION("a core dump") {
    b.header.e_type = ET_CORE;
    refused(b.build(), "core dump");
  }
  SECTION("RV64E") {
    b.header.e_flags = EF_RISCV_RVE;
    refused(b.build(), "E base");
  }
  SECTION("no program headers") {
    b.header.e_phoff = 0;
    refused(b.build(), "no program headers");
  }
  SECTION("program headers of another size") {
    b.header.e_phentsize = 32;
    refused(b.build(), "program headers of 32 bytes");
  }
  SECTION("program headers beyond the end") {
    b.header.e_phnum = 60000;
    refused(b.build(), "truncated: the program headers");
  }
  SECTION("a segment beyond the end") {
    b.programs[0].p_filesz = b.programs[0].p_memsz = 65;
    refused(b.build(), "truncated: the segment at 0x80000000");
  }
  SECTION("a segment whose file range wraps") {
    b.programs[0].p_offset = ~std::uint64_t{0} - 3;
    refused(b.build(), "truncated: the segment");
  }
  SECTION("more bytes in the file than in memory") {
    b.programs[0].p_memsz = 8;
    refused(b.build(), "more bytes in the file");
  }
  SECTION("a segment that wraps around") {
    b.programs[0].p_vaddr = b.programs[0].p_paddr = ~std::uint64_t{0} - 7;
    refused(b.build(), "wraps around");
  }
  SECTION("nothing to load") {
    b.programs[0].p_type = PT_NOTE;
    refused(b.build(), "no loadable segment");
  }
  SECTION("overlapping segments") {
    b.load(0x8000'0020, 16, 16);
    refused(b.build(), "overlapping segments: [0x80000000, 0x80000040) and [0x80000020, 0x80000030)");
  }
  SECTION("an entry outside") {
    b.header.e_entry = 0x8000'0040;
    refused(b.build(), "the entry point 0x80000040 is outside every segment");
  }
  SECTION("a Linux program's entry in data") {
    b.move_to(0x1'0000);
    b.programs[0].p_flags = PF_R | PF_W;
    b.programs[0].p_vaddr = b.programs[0].p_paddr = b.header.e_entry = 0x1'0000;
    refused(b.build(), "outside every executable segment");
  }
  SECTION("an odd entry") {
    b.header.e_entry = 0x8000'0001;
    refused(b.build(), "is odd");
  }
  SECTION("dynamic without an interpreter") {
    const Elf64_Dyn dynamic[] = {{DT_NEEDED, {1}}, {DT_NULL, {0}}};
    b.attach(PT_DYNAMIC, dynamic, sizeof dynamic);
    refused(b.build(), "names no interpreter");
  }
  SECTION("an interpreter without a name") {
    b.attach(PT_INTERP, "\0", 1);
    refused(b.build(), "empty or unterminated");
  }
  SECTION("an interpreter without an end") {
    b.attach(PT_INTERP, "/lib/ld", 7);
    refused(b.build(), "empty or unterminated");
  }
  SECTION("section headers beyond the end") {
    b.symbols({"a"});
    b.header.e_shnum = 4000;
    refused(b.build(), "truncated: the section headers");
  }
}

TEST_CASE("a file cut anywhere is refused or harmless, never a crash") {
  ElfBuilder builder;
  builder.symbols({"_start", "main", "tohost"});
  const std::vector<std::uint8_t> whole = builder.build();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::vector<std::uint8_t> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK_THROWS_AS(ElfFile::parse("prog", cut), UserError);
  }
}

TEST_CASE("a file with flipped bytes is refused or harmless, never a crash") {
  ElfBuilder builder;
  builder.symbols({"_start", "main", "tohost"});
  const Elf64_Dyn dynamic[] = {{DT_FLAGS_1, {1}}, {DT_NULL, {0}}};
  builder.attach(PT_DYNAMIC, dynamic, sizeof dynamic);
  const std::vector<std::uint8_t> whole = builder.build();
  std::mt19937 random(3);
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::uint8_t> bytes = whole;
    for (unsigned flips = 1 + random() % 4; flips != 0; --flips) {
      bytes[random() % (random() % 2 == 0 ? 240 : bytes.size())] = static_cast<std::uint8_t>(random());
    }
    try {
      const ElfFile file = ElfFile::parse("prog", bytes);
      for (const ElfSegment& segment : file.segments())
        CHECK(file.contents(segment).size() <= segment.memory_size);
      ++accepted;
    } catch (const UserError&) {
      continue;
    }
  }
  CHECK(accepted > 0);
}

TEST_CASE("Linux programs and machine images are told apart by where they want to be") {
  ElfBuilder b;
  SECTION("low addresses are a Linux program's") {
    b.move_to(0x1'0000);
    CHECK(ElfFile::parse("prog", b.build()).kind() == ElfKind::user);
  }
  SECTION("a position-independent program is a Linux program") {
    b.move_to(0);
    b.header.e_type = ET_DYN;
    CHECK(ElfFile::parse("prog", b.build()).kind() == ElfKind::user);
  }
  SECTION("an interpreter makes a Linux program") {
    b.attach(PT_INTERP, "/lib/ld.so", 11);
    const ElfFile file = ElfFile::parse("prog", b.build());
    CHECK(file.kind() == ElfKind::user);
    CHECK(file.interpreter() == "/lib/ld.so");
  }
  SECTION("position-independent firmware in RAM is the machine's") {
    b.header.e_type = ET_DYN;
    CHECK(ElfFile::parse("prog", b.build()).kind() == ElfKind::machine);
  }
  SECTION("a segment outside RAM is refused when the image is placed") {
    b.load(0x9000'0000, 8, 8);
    const ElfFile file = ElfFile::parse("prog", b.build());
    CHECK(file.kind() == ElfKind::machine);
    CHECK_THROWS_WITH(file.require_inside(0x8000'0000, 1 << 20),
                      Contains("[0x90000000, 0x90000008) is outside RAM"));
  }
  SECTION("a kernel linked to virtual addresses is loaded by its physical ones") {
    b.programs[0].p_vaddr = 0xffff'ffff'8000'0000;
    b.header.e_entry = 0xffff'ffff'8000'0010;
    const ElfFile file = ElfFile::parse("prog", b.build());
    CHECK(file.kind() == ElfKind::machine);
    CHECK(file.physical_entry() == 0x8000'0010);
  }
}

TEST_CASE("a file that cannot be read says why") {
  CHECK_THROWS_WITH(ElfFile::read("/nonexistent/prog"),
                    Contains("cannot read /nonexistent/prog: No such file"));
  CHECK_THROWS_WITH(ElfFile::read("/tmp"), Contains("cannot read /tmp: Is a directory"));
}
