#include "emu/machine/config_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "emu/machine/config.hpp"
#include "emu/machine/user_error.hpp"

namespace hartbeat {
namespace {

std::string_view type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "an array";
    case toml::node_type::string: return "a string";
    case toml::node_type::integer: return "an integer";
    case toml::node_type::floating_point: return "a floating-point number";
    case toml::node_type::boolean: return "a boolean";
    default: return "a date or time";
  }
}

bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

// "a.b.c" into its parts; empty when it is not a dotted key.
std::vector<std::string> split_key(std::string_view key) {
  std::vector<std::string> parts(1);
  for (const char c : key) {
    if (c == '.')
      parts.emplace_back();
    else if (is_key_character(c))
      parts.back() += c;
    else
      return {};
  }
  const bool hole = std::any_of(parts.begin(), parts.end(), [](const std::string& p) { return p.empty(); });
  return hole ? std::vector<std::string>{} : parts;
}

// The value of an override is TOML where it can be (numbers, booleans, quoted strings), else a string as it
// stands.
toml::table parse_value(const std::string& text) {
  try {
    toml::table table = toml::parse("value = " + text);
    if (table.size() == 1) return table;
  } catch (const toml::parse_error&) {
    // Not TOML: a bare word such as cva6 or 256M.
  }
  return toml::table{{"value", text}};
}

toml::table parse_text(std::string_view text, const std::string& origin) {
  try {
    return toml::parse(text, origin);
  } catch (const toml::parse_error& error) {
    throw UserError(
        fmt::format("{}:{}: not valid TOML: {}", origin, error.source().begin.line, error.description()));
  }
}

// Moves what `table` does not have out of `base`; nodes keep the place that they come from.
void complete(toml::table& table, toml::table&& base) {
  for (auto&& [key, node] : base) {
    toml::node* own = table.get(key);
    if (own == nullptr)
      node.visit([&](auto& value) { table.insert(key, std::move(value)); });
    else if (own->is_table() && node.is_table())
      complete(*own->as_table(), std::move(*node.as_table()));
  }
}

}  // namespace

ConfigReader::ConfigReader(std::string origin, std::string_view text, std::span<const std::string> overrides)
    : origin_(std::move(origin)) {
  table_ = parse_text(text, origin_);
  memory_was_short_ = expand_memory(table_);
  inherit();
  for (const std::string& text_of_one : overrides) apply_override(text_of_one);
}

// `memory = "512M"` is short for `memory.size = "512M"`: beside its size, memory has a cycle model's
// latencies.
bool ConfigReader::expand_memory(toml::table& table) {
  toml::node* memory = table.get("memory");
  if (memory == nullptr || memory->is_table()) return false;
  toml::table expanded;
  memory->visit([&](auto&& node) { expanded.insert("size", std::move(node)); });
  table.insert_or_assign("memory", std::move(expanded));
  return true;
}

// `base = "cva6"`: a bundled machine, of which the file says only what differs.
void ConfigReader::inherit() {
  std::string name;
  read("base", name);
  if (name.empty()) return;
  for (const BundledMachine& machine : bundled_machines()) {
    if (machine.name != name) continue;
    toml::table base = parse_text(machine.toml, name + ".toml (bundled)");
    expand_memory(base);
    return complete(table_, std::move(base));
  }
  fail("base", fmt::format("there is no bundled machine \"{}\"", name));
}

void ConfigReader::apply_override(const std::string& text) {
  const std::size_t equals = text.find('=');
  std::vector<std::string> parts =
      equals == std::string::npos ? std::vector<std::string>{} : split_key(text.substr(0, equals));
  if (parts.empty()) throw UserError(fmt::format("--set {}: expected KEY=VALUE with a dotted key", text));
  if (parts == std::vector<std::string>{"memory"}) parts.emplace_back("size");
  toml::table* table = &table_;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    toml::node* child = table->get(parts[i]);
    if (child == nullptr) child = &table->insert(parts[i], toml::table{}).first->second;
    if (!child->is_table()) throw UserError(fmt::format("--set {}: {} is not a table", text, parts[i]));
    table = child->as_table();
  }
  toml::table value = parse_value(text.substr(equals + 1));
  value.get("value")->visit([&](auto&& node) { table->insert_or_assign(parts.back(), std::move(node)); });
  overridden_[fmt::format("{}", fmt::join(parts, "."))] = "--set " + text;
  if (parts == std::vector<std::string>{"memory", "latency"}) {  // all three, whatever the file says of one
    for (const char* single : {"read_latency", "write_latency", "uncached_latency"}) table->erase(single);
  }
}

std::string ConfigReader::where(std::string_view key) const {
  const auto override_text = overridden_.find(key);
  if (override_text != overridden_.end()) return override_text->second;
  const auto inside =
      overridden_.lower_bound(std::string(key) + '.');  // a table that only an override has made
  const bool made_by_override =
      inside != overridden_.end() && inside->first.starts_with(std::string(key) + '.');
  const auto node = table_.at_path(key);
  if (!node) return fmt::format("{}: {}", origin_, key);
  const toml::source_region& source = node.node()->source();
  const auto line = source.begin.line;
  if (line == 0 && made_by_override) return inside->second;
  return fmt::format("{}:{}: {}", source.path ? *source.path : origin_, line,
                     memory_was_short_ && key == "memory.size" ? "memory" : key);
}

void ConfigReader::fail(std::string_view key, const std::string& why) const {
  throw UserError(where(key) + ": " + why);
}

void ConfigReader::wrong_type(std::string_view key, const toml::node& found,
                              std::string_view expected) const {
  fail(key, fmt::format("found {}, expected {}", type_name(found), expected));
}

toml::node_view<const toml::node> ConfigReader::find(std::string_view key) {
  for (std::size_t dot = key.find('.'); dot != std::string_view::npos; dot = key.find('.', dot + 1)) {
    const std::string_view table = key.substr(0, dot);
    known_.emplace(table);
    const auto node = std::as_const(table_).at_path(table);
    if (node && !node.is_table()) wrong_type(table, *node.node(), "a table");
  }
  known_.emplace(key);
  return std::as_const(table_).at_path(key);
}

bool ConfigReader::has_table(std::string_view key) {
  const auto node = find(key);
  if (node && !node.is_table()) wrong_type(key, *node.node(), "a table");
  return static_cast<bool>(node);
}

void ConfigReader::read(std::string_view key, bool& value) {
  const auto node = find(key);
  if (!node) return;
  if (!node.is_boolean()) wrong_type(key, *node.node(), "true or false");
  value = **node.as_boolean();
}

void ConfigReader::read(std::string_view key, std::string& value) {
  const auto node = find(key);
  if (!node) return;
  if (!node.is_string()) wrong_type(key, *node.node(), "a string");
  value = **node.as_string();
}

void ConfigReader::read(std::string_view key, std::uint64_t& value, std::uint64_t least, std::uint64_t most) {
  const auto node = find(key);
  if (!node) return;
  const std::string expected = fmt::format("an integer from {} to {}", least, most);
  if (!node.is_integer()) wrong_type(key, *node.node(), expected);
  const std::int64_t found = **node.as_integer();
  if (found < 0 || static_cast<std::uint64_t>(found) < least || static_cast<std::uint64_t>(found) > most) {
    fail(key, fmt::format("found {}, expected {}", found, expected));
  }
  value = static_cast<std::uint64_t>(found);
}

void ConfigReader::read(std::string_view key, unsigned& value, unsigned least, unsigned most) {
  std::uint64_t wide = value;
  read(key, wide, least, most);
  value = static_cast<unsigned>(wide);
}

void ConfigReader::read_size(std::string_view key, std::uint64_t& value, std::uint64_t least,
                             std::uint64_t most) {
  const auto node = find(key);
  if (!node) return;
  if (!node.is_string()) return read(key, value, least, most);
  value = parse_size(**node.as_string(), where(key));
  if (value < least || value > most) {
    fail(key, fmt::format("found {} bytes, expected {} to {}", value, least, most));
  }
}

std::size_t ConfigReader::read_word(std::string_view key, std::initializer_list<std::string_view> words,
                                    std::size_t otherwise) {
  if (!find(key)) return otherwise;
  std::string found;
  read(key, found);
  const auto at = std::find(words.begin(), words.end(), found);
  if (at == words.end())
    fail(key, fmt::format("found \"{}\", expected one of: {}", found, fmt::join(words, ", ")));
  return static_cast<std::size_t>(at - words.begin());
}

void ConfigReader::reject_unknown() const { reject_unknown(table_, ""); }

void ConfigReader::reject_unknown(const toml::table& table, const std::string& prefix) const {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    if (!known_.contains(key)) {
      std::string siblings;
      for (const std::string& known : known_) {
        const bool sibling = known.starts_with(prefix) && known.find('.', prefix.size()) == std::string::npos;
        if (sibling) siblings += (siblings.empty() ? "" : ", ") + known.substr(prefix.size());
      }
      fail(key, "unknown key; here are: " + siblings);
    }
    if (node.is_table()) reject_unknown(*node.as_table(), key + ".");
  }
}

}  // namespace hartbeat
