#include "emu/machine/elf_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "emu/devices/platform.hpp"
#include "emu/machine/user_error.hpp"

namespace hartbeat {
namespace {

constexpr std::uint64_t ram_base = PlatformConfig::ram_base.value;

std::string_view type_name(unsigned type) {
  switch (type) {
    case ET_REL: return "an object file that has not been linked";
    case ET_CORE: return "a core dump";
    case ET_NONE: return "of no type";
    default: return "of an unknown type";
  }
}

std::string_view machine_name(unsigned machine) {
  switch (machine) {
    case EM_X86_64: return "x86-64";
    case EM_386: return "x86";
    case EM_AARCH64: return "AArch64";
    case EM_ARM: return "ARM";
    case EM_PPC64: return "PowerPC";
    case EM_S390: return "S/390";
    default: return "another machine";
  }
}

}  // namespace

void ElfParser::fail(const std::string& what) const { throw UserError(file_.name_ + ": " + what); }

bool ElfParser::inside(std::uint64_t offset, std::uint64_t length) const {
  return offset <= file_.bytes_.size() && length <= file_.bytes_.size() - offset;
}

void ElfParser::parse() {
  check_identity();
  const auto header = record<Elf64_Ehdr>(0);
  check_header(header);
  file_.entry_ = header.e_entry;
  file_.position_independent_ = header.e_type == ET_DYN;
  read_program_headers(header);
  check_dynamic();
  classify();
  check_overlaps();
  check_entry();
  read_sections(header);
}

void ElfParser::check_identity() const {
  if (!looks_like_elf(file_.bytes_)) {
    fail("not an ELF file (it does not begin with 7f 45 4c 46); a RISC-V program or kernel was expected");
  }
  if (file_.bytes_.size() < EI_NIDENT) fail("truncated: the file ends inside the ELF identification");
  if (file_.bytes_[EI_CLASS] != ELFCLASS64) {
    fail(file_.bytes_[EI_CLASS] == ELFCLASS32
             ? "a 32-bit ELF file; this machine is RV64: compile for riscv64"
             : fmt::format("unknown ELF class {}; a 64-bit file was expected", file_.bytes_[EI_CLASS]));
  }
  if (file_.bytes_[EI_DATA] != ELFDATA2LSB) fail("a big-endian ELF file; RISC-V images are little-endian");
  if (file_.bytes_.size() < sizeof(Elf64_Ehdr)) fail("truncated: the file ends inside the ELF header");
}

void ElfParser::check_header(const Elf64_Ehdr& header) const {
  if (header.e_machine != EM_RISCV) {
    fail(fmt::format("compiled for {} (ELF machine {}), not for RISC-V (243)", machine_name(header.e_machine),
                     header.e_machine));
  }
  if (header.e_type != ET_EXEC && header.e_type != ET_DYN) {
    fail(
        fmt::format("{} (ELF type {}); an executable was expected", type_name(header.e_type), header.e_type));
  }
  if (header.e_version != EV_CURRENT) fail(fmt::format("unknown ELF version {}", header.e_version));
  if ((header.e_flags & EF_RISCV_RVE) != 0)
    fail("compiled for the E base (16 registers); this machine is RV64I");
  if (header.e_phnum == 0 || header.e_phoff == 0) fail("no program headers: there is nothing to load");
  if (header.e_phentsize != sizeof(Elf64_Phdr)) {
    fail(fmt::format("program headers of {} bytes; ELF64 has {}", header.e_phentsize, sizeof(Elf64_Phdr)));
  }
  if (!inside(header.e_phoff, std::uint64_t{header.e_phnum} * sizeof(Elf64_Phdr))) {
    fail("truncated: the program headers lie beyond the end of the file");
  }
}

void ElfParser::read_program_headers(const Elf64_Ehdr& header) {
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    const auto program = record<Elf64_Phdr>(header.e_phoff + i * sizeof(Elf64_Phdr));
    if (program.p_type == PT_LOAD) add_segment(program);
    if (program.p_type == PT_INTERP) read_interpreter(program);
    if (program.p_type == PT_DYNAMIC) {
      dynamic_offset_ = program.p_offset;
      dynamic_size_ = program.p_filesz;
    }
  }
  if (file_.segments_.empty()) fail("no loadable segment: there is nothing to load");
  std::stable_sort(file_.segments_.begin(), file_.segments_.end(),
                   [](const auto& a, const auto& b) { return a.virtual_address < b.virtual_address; });
}

void ElfParser::add_segment(const Elf64_Phdr& header) {
  if (!inside(header.p_offset, header.p_filesz)) {
    fail(fmt::format("truncated: the segment at {:#x} needs file bytes {:#x} to {:#x}, the file has {:#x}",
                     header.p_vaddr, header.p_offset, header.p_offset + header.p_filesz,
                     file_.bytes_.size()));
  }
  if (header.p_filesz > header.p_memsz) {
    fail(fmt::format("the segment at {:#x} has more bytes in the file ({:#x}) than in memory ({:#x})",
                     header.p_vaddr, header.p_filesz, header.p_memsz));
  }
  if (header.p_memsz == 0) return;
  if (header.p_vaddr + header.p_memsz - 1 < header.p_vaddr ||
      header.p_paddr + header.p_memsz - 1 < header.p_paddr) {
    fail(fmt::format("the segment at {:#x} of {:#x} bytes wraps around the end of the address space",
                     header.p_vaddr, header.p_memsz));
  }
  file_.segments_.push_back({header.p_vaddr, header.p_paddr, header.p_offset, header.p_filesz, header.p_memsz,
                             (header.p_flags & PF_X) != 0, (header.p_flags & PF_W) != 0});
}

void ElfParser::read_interpreter(const Elf64_Phdr& header) {
  if (!inside(header.p_offset, header.p_filesz))
    fail("truncated: the interpreter's name lies beyond the end of the file");
  const std::string_view raw(reinterpret_cast<const char*>(file_.bytes_.data()) + header.p_offset,
                             header.p_filesz);
  const std::size_t end = raw.find('\0');
  if (end == 0 || end == std::string_view::npos)
    fail("the interpreter's name (PT_INTERP) is empty or unterminated");
  file_.interpreter_ = raw.substr(0, end);
}

// A file that needs shared libraries must say who loads them. Position-independent static files (firmware,
// static-pie) have a dynamic section too, but need nothing.
void ElfParser::check_dynamic() const {
  if (dynamic_size_ == 0) return;
  if (!inside(dynamic_offset_, dynamic_size_))
    fail("truncated: the dynamic section lies beyond the end of the file");
  if (!file_.interpreter_.empty()) return;
  for (std::uint64_t at = 0; dynamic_size_ - at >= sizeof(Elf64_Dyn); at += sizeof(Elf64_Dyn)) {
    const auto entry = record<Elf64_Dyn>(dynamic_offset_ + at);
    if (entry.d_tag == DT_NULL) return;
    if (entry.d_tag == DT_NEEDED || entry.d_tag == DT_SONAME) {
      fail(
          "dynamically linked, but it names no interpreter (PT_INTERP), so it is a shared library or "
          "damaged; "
          "link the program with -static");
    }
  }
}

// All segments below RAM, or an interpreter: a program for an operating system. Anything that touches RAM's
// addresses was linked for the machine itself.
void ElfParser::classify() {
  const bool all_below = std::all_of(file_.segments_.begin(), file_.segments_.end(), [](const ElfSegment& s) {
    return s.physical_address < ram_base && s.memory_size <= ram_base - s.physical_address;
  });
  file_.kind_ = all_below || !file_.interpreter_.empty() ? ElfKind::user : ElfKind::machine;
}

void ElfParser::check_overlaps() const {
  const auto address = [this](const ElfSegment& s) {
    return file_.kind_ == ElfKind::user ? s.virtual_address : s.physical_address;
  };
  std::vector<const ElfSegment*> order;
  for (const ElfSegment& segment : file_.segments_) order.push_back(&segment);
  std::stable_sort(order.begin(), order.end(), [&](auto* a, auto* b) { return address(*a) < address(*b); });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const ElfSegment &low = *order[i - 1], &high = *order[i];
    if (address(high) - address(low) < low.memory_size) {
      fail(fmt::format("overlapping segments: [{:#x}, {:#x}) and [{:#x}, {:#x})", address(low),
                       address(low) + low.memory_size, address(high), address(high) + high.memory_size));
    }
  }
}

// Only an operating system looks at a segment's rights: images for the machine may leave them out, as the
// official riscv-tests do.
void ElfParser::check_entry() const {
  const std::uint64_t entry = file_.entry_;
  const bool rights_matter = file_.kind_ == ElfKind::user;
  const auto holds = [&](const ElfSegment& s) {
    const bool virtually = entry - s.virtual_address < s.memory_size;
    return (s.executable || !rights_matter) && (virtually || entry - s.physical_address < s.memory_size);
  };
  if (std::none_of(file_.segments_.begin(), file_.segments_.end(), holds)) {
    fail(fmt::format("the entry point {:#x} is outside every {}segment", entry,
                     rights_matter ? "executable " : ""));
  }
  if ((entry & 1) != 0)
    fail(fmt::format("the entry point {:#x} is odd; instructions are 2-byte aligned", entry));
}

std::string_view ElfParser::text(std::uint64_t table, std::uint64_t table_size, std::uint64_t index) const {
  if (index >= table_size) return {};
  const char* begin = reinterpret_cast<const char*>(file_.bytes_.data()) + table + index;
  return {begin, strnlen(begin, table_size - index)};
}

void ElfParser::read_sections(const Elf64_Ehdr& header) {
  if (header.e_shoff == 0 || header.e_shnum == 0) return;  // stripped of its sections: it still runs
  if (header.e_shentsize != sizeof(Elf64_Shdr)) {
    fail(fmt::format("section headers of {} bytes; ELF64 has {}", header.e_shentsize, sizeof(Elf64_Shdr)));
  }
  if (!inside(header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr))) {
    fail("truncated: the section headers lie beyond the end of the file");
  }
  const auto section = [&](std::uint64_t i) {
    return record<Elf64_Shdr>(header.e_shoff + i * sizeof(Elf64_Shdr));
  };
  for (unsigned i = 0; i < header.e_shnum; ++i) {
    const Elf64_Shdr table = section(i);
    const bool code = table.sh_type == SHT_PROGBITS && (table.sh_flags & SHF_EXECINSTR) != 0;
    if (code && header.e_shstrndx < header.e_shnum) add_code_section(table, section(header.e_shstrndx));
    if (table.sh_type != SHT_SYMTAB) continue;
    if (table.sh_link >= header.e_shnum) fail("the symbol table has no string table");
    read_symbol_table(table, section(table.sh_link));
  }
  std::stable_sort(file_.symbols_.begin(), file_.symbols_.end(),
                   [](const ElfSymbol& a, const ElfSymbol& b) { return a.address < b.address; });
}

void ElfParser::add_code_section(const Elf64_Shdr& section, const Elf64_Shdr& names) {
  if (!inside(section.sh_offset, section.sh_size) || !inside(names.sh_offset, names.sh_size)) {
    fail(fmt::format("truncated: the section at {:#x} lies beyond the end of the file", section.sh_addr));
  }
  file_.code_sections_.push_back({text(names.sh_offset, names.sh_size, section.sh_name), section.sh_addr,
                                  section.sh_offset, section.sh_size});
}

void ElfParser::read_symbol_table(const Elf64_Shdr& section, const Elf64_Shdr& strings) {
  if (!inside(section.sh_offset, section.sh_size) || !inside(strings.sh_offset, strings.sh_size)) {
    fail("truncated: the symbol table lies beyond the end of the file");
  }
  for (std::uint64_t at = 0; section.sh_size - at >= sizeof(Elf64_Sym); at += sizeof(Elf64_Sym)) {
    const auto symbol = record<Elf64_Sym>(section.sh_offset + at);
    const unsigned type = ELF64_ST_TYPE(symbol.st_info);
    if (symbol.st_shndx == SHN_UNDEF || (type != STT_FUNC && type != STT_OBJECT && type != STT_NOTYPE))
      continue;
    const std::string_view name = text(strings.sh_offset, strings.sh_size, symbol.st_name);
    const bool mapping =
        name.size() >= 2 && name[0] == '$' && (name[1] == 'x' || name[1] == 'd');  // not a name
    if (name.empty() || mapping) continue;
    file_.symbols_.push_back({name, symbol.st_value, symbol.st_size, type == STT_FUNC});
  }
}

}  // namespace hartbeat
