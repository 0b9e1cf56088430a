// Any bytes as an ELF file: either a message for the user, or a file whose every field can be trusted.
#include <elf.h>

#include <algorithm>
#include <array>

#include <cstring>
#include <utility>
#include <vector>

#include "emu/machine/elf.hpp"
#include "emu/machine/user_error.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace hartbeat {

namespace {

using fuzz::require;

void check_segments(const ElfFile& file) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;  // first and last byte where it is loaded
  std::uint64_t previous = 0;
  for (const ElfSegment& segment : file.segments()) {
    require(segment.memory_size != 0, "a segment is not empty");
    require(segment.file_size <= segment.memory_size, "a segment's file part fits into its memory part");
    require(segment.virtual_address + (segment.memory_size - 1) >= segment.virtual_address,
            "virtual range does not wrap");
    require(segment.physical_address + (segment.memory_size - 1) >= segment.physical_address,
            "physical range does not wrap");
    require(segment.virtual_address >= previous, "segments are sorted");
    previous = segment.virtual_address;
    const std::uint64_t first =
        file.kind() == ElfKind::user ? segment.virtual_address : segment.physical_address;
    ranges.emplace_back(first, first + (segment.memory_size - 1));
    unsigned sum = 0;
    for (const std::uint8_t byte : file.contents(segment)) sum += byte;  // reads all of it, for the sanitizer
    require(file.contents(segment).size() == segment.file_size && sum <= 255 * segment.file_size,
            "contents are whole");
  }
  std::sort(ranges.begin(), ranges.end());
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    require(ranges[i].first > ranges[i - 1].second, "segments do not overlap where they are loaded");
  }
}

void check_symbols(const ElfFile& file) {
  const char* first = reinterpret_cast<const char*>(file.bytes().data());
  std::uint64_t last = 0;
  for (const ElfSymbol& symbol : file.symbols()) {
    require(symbol.address >= last, "symbols are sorted");
    last = symbol.address;
    require(
        symbol.name.data() >= first && symbol.name.data() + symbol.name.size() <= first + file.bytes().size(),
        "a symbol's name is in the file");
    require(file.symbol(symbol.name).has_value(), "a symbol can be found by its name");
  }
}

// Runs `step`; a UserError with a message is fine, anything else escapes to the fuzzer.
template <class Step>
void expect_user_error_or_success(Step step) {
  try {
    step();
  } catch (const UserError& error) {
    require(std::strlen(error.what()) > 10, "an error says something");
  }
}

}  // namespace

}  // namespace hartbeat

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hartbeat;
  expect_user_error_or_success([&] {
    const ElfFile file = ElfFile::parse("input", {data, data + size});
    check_segments(file);
    check_symbols(file);
    fuzz::require(file.interpreter().size() < size, "the interpreter's name is in the file");
    if (file.kind() == ElfKind::machine) file.physical_entry();
    expect_user_error_or_success([&] { file.require_inside(0x8000'0000, 0x800'0000); });
  });
  return 0;
}

namespace hartbeat::fuzz {

namespace {

template <class Record>
void put(Input& input, std::size_t at, const Record& record) {
  if (input.size() < at + sizeof record) input.resize(at + sizeof record);
  std::memcpy(input.data() + at, &record, sizeof record);
}

// Two segments, a symbol table, and optionally an interpreter.
Input small_elf(std::uint64_t base, Elf64_Half type, bool interpreter) {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = type;
  header.e_machine = EM_RISCV;
  header.e_version = EV_CURRENT;
  header.e_entry = base + 4;
  header.e_phoff = 0x40;
  header.e_shoff = 0x180;
  header.e_ehsize = sizeof(Elf64_Ehdr);
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = interpreter ? 3 : 2;
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = 4;
  header.e_shstrndx = 3;
  Input input;
  put(input, 0, header);
  put(input, 0x40, Elf64_Phdr{PT_LOAD, PF_R | PF_X, 0x100, base, base, 0x20, 0x20, 0x4});
  put(input, 0x78, Elf64_Phdr{PT_LOAD, PF_R | PF_W, 0x120, base + 0x1020, base + 0x1020, 0x10, 0x40, 0x4});
  if (interpreter) put(input, 0xb0, Elf64_Phdr{PT_INTERP, PF_R, 0x130, 0, 0, 0xc, 0xc, 1});
  for (unsigned i = 0; i < 12; ++i) put(input, 0x100 + 4 * i, std::uint32_t{0x13});
  put(input, 0x130, std::array<char, 12>{"/lib/ld.so\0"});
  put(input, 0x13c, std::array<char, 28>{"\0_start\0tohost\0"});
  put(input, 0x158, std::array<char, 32>{"\0.text\0.symtab\0.strtab\0"});
  put(input, 0x180, Elf64_Shdr{});
  put(input, 0x1c0, Elf64_Shdr{1, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, base, 0x100, 0x20, 0, 0, 4, 0});
  put(input, 0x200,
      Elf64_Shdr{7, SHT_SYMTAB, 0, 0, 0x280, 3 * sizeof(Elf64_Sym), 3, 1, 8, sizeof(Elf64_Sym)});
  put(input, 0x240, Elf64_Shdr{15, SHT_STRTAB, 0, 0, 0x13c, 28, 0, 0, 1, 0});
  put(input, 0x280, Elf64_Sym{});
  put(input, 0x298, Elf64_Sym{1, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 1, base + 4, 8});
  put(input, 0x2b0, Elf64_Sym{8, ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), 0, 1, base + 0x1020, 8});
  return input;
}

}  // namespace

std::vector<Input> seeds() {
  return {small_elf(0x8000'0000, ET_EXEC, false), small_elf(0x1'0000, ET_EXEC, false),
          small_elf(0, ET_DYN, false), small_elf(0x1'0000, ET_EXEC, true), Input{0x7f, 0x45, 0x4c, 0x46}};
}

}  // namespace hartbeat::fuzz
