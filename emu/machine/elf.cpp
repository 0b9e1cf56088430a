#include "emu/machine/elf.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "emu/machine/elf_parser.hpp"
#include "emu/machine/user_error.hpp"

namespace hartbeat {

bool looks_like_elf(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= SELFMAG && std::memcmp(bytes.data(), ELFMAG, SELFMAG) == 0;
}

std::vector<std::uint8_t> read_file(const std::string& path) {
  const auto fail = [&] { throw UserError(fmt::format("cannot read {}: {}", path, std::strerror(errno))); };
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) fail();
  std::vector<std::uint8_t> bytes;
  std::array<char, 1 << 16> chunk;
  while (file.read(chunk.data(), chunk.size()) || file.gcount() > 0) {
    bytes.insert(bytes.end(), chunk.begin(), chunk.begin() + file.gcount());
  }
  if (file.bad() || (bytes.empty() && errno != 0)) fail();  // a directory opens, but does not read
  return bytes;
}

ElfFile ElfFile::parse(std::string name, std::vector<std::uint8_t> bytes) {
  ElfFile file;
  file.name_ = std::move(name);
  file.bytes_ = std::move(bytes);
  ElfParser(file).parse();
  return file;
}

ElfFile ElfFile::read(const std::string& path) { return parse(path, read_file(path)); }

std::span<const std::uint8_t> ElfFile::contents(const ElfSegment& segment) const {
  return std::span(bytes_).subspan(segment.file_offset, segment.file_size);
}

std::uint64_t ElfFile::physical_entry() const {
  for (const ElfSegment& s : segments_) {
    if (entry_ - s.virtual_address < s.memory_size) return s.physical_address + (entry_ - s.virtual_address);
  }
  return entry_;
}

std::optional<std::uint64_t> ElfFile::symbol(std::string_view name) const {
  const auto found =
      std::find_if(symbols_.begin(), symbols_.end(), [&](const ElfSymbol& s) { return s.name == name; });
  return found == symbols_.end() ? std::nullopt : std::optional(found->address);
}

void ElfFile::require_inside(std::uint64_t ram_base, std::uint64_t ram_size) const {
  for (const ElfSegment& s : segments_) {
    const std::uint64_t offset = s.physical_address - ram_base;
    if (offset <= ram_size && s.memory_size <= ram_size - offset) continue;
    throw UserError(fmt::format(
        "{}: the segment [{:#x}, {:#x}) is outside RAM [{:#x}, {:#x}); link it into RAM or give "
        "the machine more --memory",
        name_, s.physical_address, s.physical_address + s.memory_size, ram_base, ram_base + ram_size));
  }
}

}  // namespace hartbeat
