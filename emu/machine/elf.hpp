// ELF64 files for RISC-V: what is to be loaded where, checked so strictly that a loader can trust every
// field.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hartbeat {

// One PT_LOAD segment. Addresses and sizes in bytes; the ranges do not wrap, and the file holds the file
// part.
struct ElfSegment {
  std::uint64_t virtual_address = 0;
  std::uint64_t physical_address = 0;
  std::uint64_t file_offset = 0;
  std::uint64_t file_size = 0;    // at most memory_size; the rest is zero
  std::uint64_t memory_size = 0;  // not 0
  bool executable = false, writable = false;
};

// A section of instructions; a loader does not need it, a disassembler does.
struct ElfSection {
  std::string_view name;  // points into the file's bytes
  std::uint64_t address = 0;
  std::uint64_t file_offset = 0;
  std::uint64_t size = 0;
};

struct ElfSymbol {
  std::string_view name;  // points into the file's bytes
  std::uint64_t address = 0;
  std::uint64_t size = 0;
  bool function = false;
};

// Who can run a file.
enum class ElfKind {
  machine,  // bare-metal program, firmware or kernel: its physical addresses are in RAM
  user,     // Linux program: needs an operating system
};

class ElfFile {
 public:
  // Takes a file apart; `name` is for messages. Throws UserError, with a message of its own for each kind of
  // damage: not ELF, wrong class, endianness, machine or type, truncated, overlapping segments, entry
  // outside, …
  static ElfFile parse(std::string name, std::vector<std::uint8_t> bytes);
  // Reads and parses. Throws UserError when the file cannot be read.
  static ElfFile read(const std::string& path);

  const std::string& name() const { return name_; }
  ElfKind kind() const { return kind_; }
  std::uint64_t entry() const { return entry_; }                         // as in the file: a virtual address
  std::uint64_t physical_entry() const;                                  // where the entry's byte is loaded
  const std::vector<ElfSegment>& segments() const { return segments_; }  // by ascending virtual address
  std::span<const std::uint8_t> contents(const ElfSegment& segment) const;
  const std::vector<ElfSection>& code_sections() const { return code_sections_; }  // in the file's order
  std::span<const std::uint8_t> contents(const ElfSection& section) const {
    return std::span(bytes_).subspan(section.file_offset, section.size);
  }
  std::span<const std::uint8_t> bytes() const { return bytes_; }
  // Path of the dynamic loader; empty for a static file.
  const std::string& interpreter() const { return interpreter_; }
  bool position_independent() const { return position_independent_; }

  const std::vector<ElfSymbol>& symbols() const { return symbols_; }  // by ascending address
  std::optional<std::uint64_t> symbol(std::string_view name) const;

  // A machine image must lie in RAM, each segment wholly: throws UserError otherwise.
  void require_inside(std::uint64_t ram_base, std::uint64_t ram_size) const;

 private:
  friend class ElfParser;
  std::string name_;
  std::vector<std::uint8_t> bytes_;
  ElfKind kind_ = ElfKind::machine;
  std::uint64_t entry_ = 0;
  std::vector<ElfSegment> segments_;
  std::vector<ElfSymbol> symbols_;
  std::vector<ElfSection> code_sections_;
  std::string interpreter_;
  bool position_independent_ = false;
};

// True when the bytes begin as an ELF file does (of any class or machine).
bool looks_like_elf(std::span<const std::uint8_t> bytes);

// Whole content of a host file. Throws UserError: "cannot read PATH: reason".
std::vector<std::uint8_t> read_file(const std::string& path);

}  // namespace hartbeat
