#include "emu/observe/code_map.hpp"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "emu/observe/symbol_name.hpp"

namespace hartbeat::observe {

struct CodeMap::Tables {
  struct Function {
    std::uint64_t address, size;
    std::string name;
  };
  struct Line {
    std::uint64_t address;
    std::uint32_t file;  // index into files
    unsigned line;       // 0: nothing begins here
  };
  std::vector<Function> functions;  // by ascending address
  std::vector<Line> lines;          // by ascending address
  std::vector<std::string> files;   // with their directories

  void read_functions(Elf* elf);
  void read_lines(Elf* elf);
};

namespace {

constexpr std::uint64_t longest_label = 4096;  // bytes that a label of assembly, without a size, stands for

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// The entry that an address falls behind: the last one whose address is not larger.
template <class Entries>
auto last_before(const Entries& entries, std::uint64_t address) {
  const auto after =
      std::upper_bound(entries.begin(), entries.end(), address,
                       [](std::uint64_t value, const auto& entry) { return value < entry.address; });
  return after == entries.begin() ? entries.end() : after - 1;
}

template <class Entries>
void sort_by_address(Entries& entries) {
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& a, const auto& b) { return a.address < b.address; });
}

// Compilers name a file as they were told it, which may be from the directory they ran in.
std::string whole_path(Dwarf_Die& unit, const char* file) {
  Dwarf_Attribute attribute;
  const char* directory = dwarf_formstring(dwarf_attr(&unit, DW_AT_comp_dir, &attribute));
  if (*file == '/' || directory == nullptr) return file;
  return (std::filesystem::path(directory) / file).lexically_normal().string();
}

}  // namespace

void CodeMap::Tables::read_functions(Elf* elf) {
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf, section)) != nullptr;) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr || header.sh_type != SHT_SYMTAB || header.sh_entsize == 0)
      continue;
    Elf_Data* data = elf_getdata(section, nullptr);
    if (data == nullptr) continue;
    for (std::uint64_t i = 0; i < header.sh_size / header.sh_entsize; ++i) {
      GElf_Sym symbol;
      if (gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) break;
      const auto type = GELF_ST_TYPE(symbol.st_info);
      const char* name = elf_strptr(elf, header.sh_link, symbol.st_name);
      // Assembly labels have no type; the mapping symbols ($x, .L…) are none.
      if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx >= SHN_LORESERVE || name == nullptr) continue;
      if ((type != STT_FUNC && type != STT_NOTYPE) || *name == '\0' || *name == '$' || *name == '.') continue;
      functions.push_back({symbol.st_value, symbol.st_size, name});
    }
  }
  sort_by_address(functions);
}

void CodeMap::Tables::read_lines(Elf* elf) {
  Dwarf* dwarf = dwarf_begin_elf(elf, DWARF_C_READ, nullptr);
  if (dwarf == nullptr) return;
  std::size_t header_size = 0;
  Dwarf_Off next = 0;
  for (Dwarf_Off at = 0; dwarf_nextcu(dwarf, at, &next, &header_size, nullptr, nullptr, nullptr) == 0;
       at = next) {
    Dwarf_Die unit;
    Dwarf_Lines* rows = nullptr;
    std::size_t count = 0;
    if (dwarf_offdie(dwarf, at + header_size, &unit) == nullptr ||
        dwarf_getsrclines(&unit, &rows, &count) != 0)
      continue;
    const char* last = nullptr;
    for (std::size_t i = 0; i < count; ++i) {
      Dwarf_Line* row = dwarf_onesrcline(rows, i);
      Dwarf_Addr address = 0;
      int line = 0;
      bool end = false;
      if (dwarf_lineaddr(row, &address) != 0 || dwarf_lineno(row, &line) != 0) continue;
      dwarf_lineendsequence(row, &end);
      const char* file = dwarf_linesrc(row, nullptr, nullptr);
      if (files.empty() || file != last) files.push_back(file == nullptr ? "" : whole_path(unit, file));
      last = file;
      lines.push_back(
          {address, static_cast<std::uint32_t>(files.size() - 1), end ? 0 : static_cast<unsigned>(line)});
    }
  }
  dwarf_end(dwarf);
  sort_by_address(lines);
}

CodeMap::CodeMap(std::span<const std::uint8_t> bytes, std::uint64_t bias)
    : tables_(std::make_unique<Tables>()), bias_(bias) {
  elf_version(EV_CURRENT);
  // elfutils does not write to what it is only to read.
  auto* image = reinterpret_cast<char*>(const_cast<std::uint8_t*>(bytes.data()));
  Elf* elf = elf_memory(image, bytes.size());
  if (elf == nullptr) return;
  if (elf_kind(elf) == ELF_K_ELF) {
    tables_->read_functions(elf);
    tables_->read_lines(elf);
  }
  elf_end(elf);
}

CodeMap::~CodeMap() = default;
CodeMap::CodeMap(CodeMap&&) noexcept = default;
CodeMap& CodeMap::operator=(CodeMap&&) noexcept = default;

CodePlace CodeMap::at(std::uint64_t address) const {
  CodePlace place;
  const std::uint64_t inside = address - bias_;
  const auto function = last_before(tables_->functions, inside);
  if (function != tables_->functions.end() &&
      inside - function->address < (function->size != 0 ? function->size : longest_label)) {
    place.symbol = symbol_name(function->name);
    place.offset = inside - function->address;
  }
  const auto line = last_before(tables_->lines, inside);
  if (line != tables_->lines.end() && line->line != 0) {
    place.path = tables_->files[line->file];
    place.file = base_name(place.path);
    place.line = line->line;
  }
  return place;
}

std::string CodePlace::text(std::uint64_t address) const {
  char number[32];
  std::string text = symbol;
  if (symbol.empty()) {
    std::snprintf(number, sizeof number, "0x%llx", static_cast<unsigned long long>(address));
    text = number;
  } else if (offset != 0) {
    std::snprintf(number, sizeof number, "+0x%llx", static_cast<unsigned long long>(offset));
    text += number;
  }
  return line == 0 ? text : text + " (" + file + ":" + std::to_string(line) + ")";
}

}  // namespace hartbeat::observe
