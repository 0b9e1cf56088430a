// The steps of ElfFile::parse. Every offset of the file is untrusted.
#pragma once

#include <elf.h>

#include <cstring>
#include <string>

#include "emu/machine/elf.hpp"

namespace hartbeat {

class ElfParser {
 public:
  explicit ElfParser(ElfFile& file) : file_(file) {}
  void parse();

 private:
  [[noreturn]] void fail(const std::string& what) const;
  bool inside(std::uint64_t offset, std::uint64_t length) const;
  template <class Record>
  Record record(std::uint64_t offset) const {  // the caller has checked inside()
    Record result;
    std::memcpy(&result, file_.bytes_.data() + offset, sizeof result);
    return result;
  }
  std::string_view text(std::uint64_t table, std::uint64_t table_size, std::uint64_t index) const;

  void check_identity() const;
  void check_header(const Elf64_Ehdr& header) const;
  void read_program_headers(const Elf64_Ehdr& header);
  void add_segment(const Elf64_Phdr& header);
  void read_interpreter(const Elf64_Phdr& header);
  void check_dynamic() const;
  void check_overlaps() const;
  void classify();
  void check_entry() const;
  void read_sections(const Elf64_Ehdr& header);
  void add_code_section(const Elf64_Shdr& section, const Elf64_Shdr& names);
  void read_symbol_table(const Elf64_Shdr& section, const Elf64_Shdr& strings);

  ElfFile& file_;
  std::uint64_t dynamic_offset_ = 0, dynamic_size_ = 0;
};

}  // namespace hartbeat
