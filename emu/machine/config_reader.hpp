// Reads typed values out of a TOML table and keeps account of which keys were asked for, so that the rest are
// mistakes.
#pragma once

#include <toml++/toml.h>

#include <cstdint>
#include <initializer_list>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace hartbeat {

class ConfigReader {
 public:
  // Throws UserError for text that is not TOML, for a `base` that is no bundled machine, and for overrides that are
  // not "dotted.key=value". What the text does not say, its base does.
  ConfigReader(std::string origin, std::string_view text, std::span<const std::string> overrides);

  // Each reads a dotted key into `value`, which stays as it is when the key is absent.
  void read(std::string_view key, bool& value);
  void read(std::string_view key, std::string& value);
  void read(std::string_view key, std::uint64_t& value, std::uint64_t least, std::uint64_t most);
  void read(std::string_view key, unsigned& value, unsigned least, unsigned most);
  // A size in bytes: an integer, or a string such as "256M".
  void read_size(std::string_view key, std::uint64_t& value, std::uint64_t least, std::uint64_t most);
  // One of the given words; returns its index, or `otherwise` when the key is absent.
  std::size_t read_word(std::string_view key, std::initializer_list<std::string_view> words,
                        std::size_t otherwise);
  bool has_table(std::string_view key);

  // Throws UserError for the first key that nobody asked for.
  void reject_unknown() const;
  // "file:line: key" or "--set key=value": how a message about this key begins.
  std::string where(std::string_view key) const;
  [[noreturn]] void fail(std::string_view key, const std::string& why) const;

 private:
  toml::node_view<const toml::node> find(std::string_view key);
  static bool expand_memory(toml::table& table);
  void inherit();
  void apply_override(const std::string& text);
  void reject_unknown(const toml::table& table, const std::string& prefix) const;
  [[noreturn]] void wrong_type(std::string_view key, const toml::node& found,
                               std::string_view expected) const;

  std::string origin_;
  toml::table table_;
  bool memory_was_short_ = false;                               // the file says `memory = …`
  std::set<std::string, std::less<>> known_;                    // keys and tables asked for
  std::map<std::string, std::string, std::less<>> overridden_;  // key → "--set key=value"
};

}  // namespace hartbeat
