#include "emu/observe/text_table.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace hartbeat::observe {

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return digits;
}

std::string byte_size(std::uint64_t bytes) {
  static constexpr std::array<const char*, 4> units = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return counted(bytes, "byte");
  double size = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (size >= 1024 && unit + 1 < units.size()) {
    size /= 1024;
    ++unit;
  }
  char text[48];
  std::snprintf(text, sizeof text, "%.1f %s", size, units[unit]);
  return text;
}

std::string quotient(std::uint64_t part, std::uint64_t whole, unsigned decimals) {
  if (whole == 0) return "-";
  char text[48];
  std::snprintf(text, sizeof text, "%.*f", static_cast<int>(decimals),
                static_cast<double>(part) / static_cast<double>(whole));
  return text;
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "-";
  char text[48];
  std::snprintf(text, sizeof text, "%.1f %%", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
  return text;
}

std::string counted(std::uint64_t number, const std::string& noun) {
  return grouped(number) + " " + noun + (number == 1 ? "" : "s");
}

std::string wrapped(const std::string& text, std::size_t width) {
  std::string result = " ";
  std::size_t used = 1;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    if (used + 1 + (end - at) > width) {
      result += "\n ";
      used = 1;
    }
    result += " " + text.substr(at, end - at);
    used += 1 + end - at;
    at = end + 1;
  }
  return result;
}

TextTable& TextTable::column(std::string title, Align align) {
  columns_.push_back({std::move(title), align});
  return *this;
}

void TextTable::row(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::string TextTable::text(unsigned indent) const {
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    std::size_t width = columns_[c].title.size();
    for (const auto& cells : rows_) width = std::max(width, cells[c].size());
    widths.push_back(width);
  }
  std::string result;
  const auto line = [&](auto cell_of) {
    std::string text(indent, ' ');
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      const std::string& cell = cell_of(c);
      const std::string blanks(widths[c] - cell.size(), ' ');
      if (c != 0) text += "  ";
      text += columns_[c].align == Align::right ? blanks + cell : cell + blanks;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    result += text + "\n";
  };
  line([&](std::size_t c) -> const std::string& { return columns_[c].title; });
  for (const auto& cells : rows_) line([&](std::size_t c) -> const std::string& { return cells[c]; });
  return result;
}

}  // namespace hartbeat::observe
