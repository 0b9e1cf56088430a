#include "emu/observe/spike_log_reader.hpp"

#include <algorithm>
#include <charconv>

namespace hartbeat::observe {
namespace {

class Words {
 public:
  explicit Words(std::string_view line) : rest_(line) {}

  // The next run of characters that are not blanks; empty at the end.
  std::string_view next() {
    skip();
    const std::string_view word = rest_.substr(0, rest_.find(' '));
    rest_.remove_prefix(word.size());
    return word;
  }
  std::string_view peek() {
    skip();
    return rest_.substr(0, rest_.find(' '));
  }

 private:
  void skip() { rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size())); }
  std::string_view rest_;
};

template <class Number>
bool read_number(std::string_view text, int base, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc{} && end == text.data() + text.size();
}

bool read_hex(std::string_view text, std::uint64_t& number) {
  if (!text.starts_with("0x")) return false;
  return read_number(text.substr(2), 16, number);
}

bool read_instruction(std::string_view word, CommitRecord& record) {
  if (!word.starts_with("(0x") || !word.ends_with(")")) return false;
  const std::string_view digits = word.substr(3, word.size() - 4);
  record.length = static_cast<unsigned>(digits.size() / 2);
  return (record.length == 2 || record.length == 4) && read_number(digits, 16, record.bits);
}

bool read_memory(Words& words, CommitRecord& record) {
  CommitRecord::Memory memory;
  if (!read_hex(words.next(), memory.address)) return false;
  if (words.peek().starts_with("0x")) {
    const std::string_view data = words.next();
    std::uint64_t value = 0;
    if (!read_hex(data, value)) return false;
    memory.stored = value;
    memory.size = static_cast<unsigned>(data.size() / 2 - 1);
  }
  record.memory.push_back(memory);
  return true;
}

bool read_register(std::string_view word, Words& words, CommitRecord& record) {
  CommitRecord::Register reg;
  reg.kind = word.front();
  if (reg.kind != 'x' && reg.kind != 'f' && reg.kind != 'c') return false;
  std::string_view number = word.substr(1);
  if (reg.kind == 'c') {
    const std::size_t underscore = number.find('_');
    if (underscore == std::string_view::npos) return false;
    reg.name = number.substr(underscore + 1);
    number = number.substr(0, underscore);
  }
  if (!read_number(number, 10, reg.number) || !read_hex(words.next(), reg.value)) return false;
  record.registers.push_back(std::move(reg));
  return true;
}

}  // namespace

std::optional<CommitRecord> parse_commit(std::string_view line) {
  Words words(line);
  CommitRecord record;
  std::string_view hart = words.next();
  if (!hart.starts_with("core")) return std::nullopt;
  hart = hart.size() == 4 ? words.next() : hart.substr(4);  // "core1000:" has no blank
  if (!hart.ends_with(":") || !read_number(hart.substr(0, hart.size() - 1), 10, record.hart))
    return std::nullopt;
  if (!read_number(words.next(), 10, record.privilege) || !read_hex(words.next(), record.pc))
    return std::nullopt;
  if (!read_instruction(words.next(), record)) return std::nullopt;
  for (std::string_view word = words.next(); !word.empty(); word = words.next()) {
    const bool read = word == "mem" ? read_memory(words, record) : read_register(word, words, record);
    if (!read) return std::nullopt;
  }
  return record;
}

}  // namespace hartbeat::observe
