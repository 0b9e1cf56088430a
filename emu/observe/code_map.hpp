// From addresses to source: symbols and DWARF lines of one ELF file, read by elfutils. Files without them give
// empty answers.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace hartbeat::observe {

struct CodePlace {
  std::string symbol;  // as symbol_name tells it; empty: not known
  std::uint64_t offset = 0;
  std::string file;  // its directories left out
  std::string path;  // the file as the compiler knew it, with its directories
  unsigned line = 0;

  // "touch+0x14 (cow-basic.c:41)"; the address when nothing is known.
  std::string text(std::uint64_t address) const;
};

class CodeMap {
 public:
  // The bytes must outlive this. `bias`: where address 0 of the file lies.
  explicit CodeMap(std::span<const std::uint8_t> elf, std::uint64_t bias = 0);
  ~CodeMap();
  CodeMap(CodeMap&&) noexcept;
  CodeMap& operator=(CodeMap&&) noexcept;

  CodePlace at(std::uint64_t address) const;

 private:
  struct Tables;
  std::unique_ptr<Tables> tables_;
  std::uint64_t bias_ = 0;
};

}  // namespace hartbeat::observe
