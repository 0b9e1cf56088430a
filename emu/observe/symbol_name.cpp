#include "emu/observe/symbol_name.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace hartbeat::observe {
namespace {

constexpr std::string_view anonymous = "(anonymous namespace)", operator_word = "operator";

bool begins(std::string_view text, std::size_t at, std::string_view word) {
  return text.substr(at, word.size()) == word;
}

// "operator" and what it is called: "()", "<<", "new".
std::size_t operator_end(std::string_view text, std::size_t at) {
  at += operator_word.size();
  return begins(text, at, "()") ? at + 2 : std::min(text.find('(', at), text.size());
}

// Up to the parameters: the first parenthesis outside template arguments, lambdas and operators' names.
std::string without_parameters(std::string_view text) {
  std::string name;
  int depth = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    std::size_t next = at + 1;
    if (begins(text, at, anonymous)) {
      name += "(anonymous)";
      at += anonymous.size();
      continue;
    }
    if (begins(text, at, operator_word) && (at == 0 || text[at - 1] == ':' || text[at - 1] == ' ')) {
      next = operator_end(text, at);
    } else if (c == '<' || c == '{') {
      ++depth;
    } else if (c == '>' || c == '}') {
      --depth;
    } else if (c == '(' && depth == 0) {
      break;
    }
    name += text.substr(at, next - at);
    at = next;
  }
  return name;
}

}  // namespace

std::string symbol_name(std::string_view symbol) {
  const std::string name(symbol);
  if (!symbol.starts_with("_Z")) return name;
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), &std::free);
  return text == nullptr ? name : without_parameters(text.get());
}

}  // namespace hartbeat::observe
