#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "emu/machine/user_error.hpp"
#include "emu/observe/symbol_name.hpp"
#include "emu/observe/trace_filter.hpp"
#include "emu/observe/trap_names.hpp"

namespace hartbeat::observe {
namespace {

using Kind = FilterExpression::Kind;

constexpr std::array<std::string_view, 20> tracepoint_names = {
    "boot_done",  "shutdown",      "process_switch",  "process_name",    "fork_begin",      "fork_end",
    "exit",       "syscall_enter", "syscall_exit",    "syscall_unknown", "fault_begin",     "fault_end",
    "copy_begin", "copy_end",      "shootdown_begin", "shootdown_end",   "shootdown_fence", "shootdown_ack",
    "frames",     "fault_message"};
constexpr std::array<std::string_view, abi::fault_resolution_count> resolution_names = {
    "cow_copy",  "cow_reuse", "demand_zero", "file_fill",    "stack_grow", "swap_in",
    "ad_update", "spurious",  "protection",  "table_attach", "zero_copy"};
constexpr std::string_view other_events[] = {"trap", "interrupt", "user", "walk", "fence", "ipi"};

bool is_event(const std::string& name) {
  const auto among = [&](const auto& names) {
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
  };
  if (among(tracepoint_names) || among(resolution_names) || among(other_events)) return true;
  for (std::uint64_t code = 0; code < 24; ++code) {
    if (exception_name(code) == name) return true;
  }
  return false;
}

}  // namespace

std::string_view tracepoint_name(abi::Tracepoint number) {
  const auto index = static_cast<unsigned>(number) - 1u;
  return index < tracepoint_names.size() ? tracepoint_names[index] : std::string_view();
}

std::string_view resolution_name(std::uint64_t resolution) {
  return resolution < resolution_names.size() ? resolution_names[resolution] : std::string_view();
}

// expression = conjunction { "or" conjunction }
// conjunction = factor { "and" factor }
// factor = [ "not" ] ( "(" expression ")" | test )
// test = KEY "=" value { "," value }
class FilterParser {
 public:
  FilterParser(std::string_view text, const TraceContext& context, FilterExpression& into)
      : text_(text), context_(context), into_(into) {}

  void parse() {
    into_.root_ = expression();
    skip_blanks();
    if (at_ != text_.size()) refuse("\"and\", \"or\" or the end");
  }

 private:
  using Node = FilterExpression::Node;
  using Range = FilterExpression::Range;

  [[noreturn]] void refuse(const std::string& expected) { refuse_at(at_, expected); }
  [[noreturn]] void refuse_at(std::size_t at, const std::string& expected) {
    const std::string_view rest = text_.substr(std::min(at, text_.size()));
    const std::string found = rest.empty() ? "the end" : "\"" + std::string(rest.substr(0, 24)) + "\"";
    throw UserError("--trace-filter, character " + std::to_string(at + 1) + ": found " + found +
                    ", expected " + expected);
  }
  unsigned add(Node node) {
    into_.nodes_.push_back(std::move(node));
    return static_cast<unsigned>(into_.nodes_.size() - 1);
  }
  void skip_blanks() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool take_word(std::string_view word) {
    skip_blanks();
    if (text_.substr(at_, word.size()) != word) return false;
    const std::size_t end = at_ + word.size();
    if (end < text_.size() && text_[end] != ' ' && text_[end] != '(') return false;
    at_ = end;
    return true;
  }
  bool take(char c) {
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  unsigned joined(Kind kind, std::string_view word, unsigned (FilterParser::*part)()) {
    Node node{
        .kind = kind, .parts = {(this->*part)()}, .ranges = {}, .names = {}, .event = {}, .event_pid = {}};
    while (take_word(word)) node.parts.push_back((this->*part)());
    return node.parts.size() == 1 ? node.parts.front() : add(std::move(node));
  }
  unsigned expression() { return joined(Kind::any, "or", &FilterParser::conjunction); }
  unsigned conjunction() { return joined(Kind::all, "and", &FilterParser::factor); }
  unsigned factor() {
    if (++depth_ > 100) refuse("fewer parentheses");
    unsigned result = 0;
    if (take_word("not")) {
      Node node;
      node.kind = Kind::none_of;
      node.parts = {factor()};
      result = add(std::move(node));
    } else if (take('(')) {
      result = expression();
      if (!take(')')) refuse("\")\"");
    } else {
      result = test();
    }
    --depth_;
    return result;
  }

  unsigned test() {
    skip_blanks();
    const std::size_t begin = at_;
    while (at_ < text_.size() && (std::isalpha(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_'))
      ++at_;
    const std::string_view key = text_.substr(begin, at_ - begin);
    static constexpr std::pair<std::string_view, Kind> keys[] = {
        {"hart", Kind::hart},   {"privilege", Kind::privilege},
        {"pid", Kind::pid},     {"process", Kind::process},
        {"pc", Kind::pc},       {"symbol", Kind::pc},
        {"cycle", Kind::cycle}, {"instret", Kind::instret},
        {"from", Kind::from},   {"to", Kind::to}};
    const auto found =
        std::find_if(std::begin(keys), std::end(keys), [&](const auto& k) { return k.first == key; });
    if (found == std::end(keys))
      refuse_at(begin,
                "hart, privilege, pid, process, pc, symbol, cycle, instret, from, to, \"not\" or \"(\"");
    if (!take('=')) refuse("\"=\" behind " + std::string(key));
    Node node;
    node.kind = found->second;
    do value(key, node);
    while (take(','));
    return add(std::move(node));
  }

  std::string word() {
    skip_blanks();
    const std::size_t begin = at_;
    while (at_ < text_.size() && std::string_view(" ,()").find(text_[at_]) == std::string_view::npos) ++at_;
    if (begin == at_) refuse("a value");
    return std::string(text_.substr(begin, at_ - begin));
  }

  std::uint64_t number(std::string_view text, std::size_t at) {
    const bool hex = text.starts_with("0x") || text.starts_with("0X");
    const std::string_view digits = hex ? text.substr(2) : text;
    std::uint64_t value = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
    if (error != std::errc{} || end != digits.data() + digits.size() || digits.empty())
      refuse_at(at, "a number");
    return value;
  }

  void value(std::string_view key, Node& node) {
    skip_blanks();
    const std::size_t begin = at_;
    const std::string text = word();
    if (key == "privilege") {
      static constexpr std::string_view names = "us m";
      const std::size_t level = text.size() == 1 ? names.find(text[0]) : std::string::npos;
      if (level == std::string::npos || text == " ") refuse_at(begin, "u, s or m");
      node.ranges.push_back({level, level});
    } else if (key == "process") {
      node.names.push_back(text);
    } else if (key == "symbol") {
      symbol(text, begin, node);
    } else if (node.kind == Kind::from || node.kind == Kind::to) {
      event(text, begin, node);
    } else {
      const std::size_t dots = text.find("..");
      if (dots == std::string::npos) {
        const std::uint64_t only = number(text, begin);
        node.ranges.push_back({only, only});
        return;
      }
      Range range;
      if (dots != 0) range.first = number(text.substr(0, dots), begin);
      if (dots + 2 != text.size()) range.last = number(text.substr(dots + 2), begin + dots + 2);
      if (range.first > range.last) refuse_at(begin, "a range whose first number is not the larger one");
      node.ranges.push_back(range);
    }
  }

  void symbol(const std::string& name, std::size_t at, Node& node) {
    bool found = false;
    for (const auto& file : context_.files) {
      for (const ElfSymbol& symbol : file->symbols()) {
        if (symbol.name != name && symbol_name(symbol.name) != name) continue;
        node.ranges.push_back({symbol.address, symbol.address + std::max<std::uint64_t>(symbol.size, 1) - 1});
        found = true;
      }
    }
    if (!found) refuse_at(at, "a symbol of the program, the kernel or the firmware");
  }

  void event(const std::string& text, std::size_t at, Node& node) {
    if (!node.event.empty()) refuse_at(at, "one event");
    const std::size_t sign = text.find('@');
    node.event = text.substr(0, sign);
    if (!is_event(node.event))
      refuse_at(at,
                "an event: a tracepoint (fork_begin), a resolution of a fault (cow_copy), an exception "
                "(store_page_fault), trap, interrupt, user, walk, fence or ipi");
    if (sign != std::string::npos)
      node.event_pid = number(std::string_view(text).substr(sign + 1), at + sign + 1);
    node.slot = into_.slots_++;
  }

  std::string_view text_;
  const TraceContext& context_;
  FilterExpression& into_;
  std::size_t at_ = 0;
  unsigned depth_ = 0;
};

FilterExpression::FilterExpression(std::string_view text, const TraceContext& context) {
  FilterParser(text, context, *this).parse();
}

bool FilterExpression::asks(Kind kind) const {
  return std::any_of(nodes_.begin(), nodes_.end(), [kind](const Node& node) { return node.kind == kind; });
}

}  // namespace hartbeat::observe
