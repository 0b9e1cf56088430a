// Aligned columns for a terminal, and numbers as people read them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hartbeat::observe {

// "12,345,678"
std::string grouped(std::uint64_t number);
// "500.0 MiB", "48.0 KiB", "17 bytes"
std::string byte_size(std::uint64_t bytes);
// part / whole with this many decimals; "-" when whole is 0.
std::string quotient(std::uint64_t part, std::uint64_t whole, unsigned decimals);
// "12.3 %"; "-" when whole is 0.
std::string percent(std::uint64_t part, std::uint64_t whole);
// "1 page", "2 pages"
std::string counted(std::uint64_t number, const std::string& noun);

// Broken at blanks into lines of at most `width` characters, each indented by two; without a final line feed.
std::string wrapped(const std::string& text, std::size_t width);

class TextTable {
 public:
  enum class Align { left, right };

  TextTable& column(std::string title, Align align = Align::right);
  // Missing cells are empty.
  void row(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }

  // Every line is indented by this many blanks and has none at its end.
  std::string text(unsigned indent = 2) const;

 private:
  struct Column {
    std::string title;
    Align align;
  };
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace hartbeat::observe
