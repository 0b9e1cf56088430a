// Numbers as bytes: LEB128 for most, little-endian where the width is fixed.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emu/machine/user_error.hpp"

namespace hartbeat::observe::recording {

// What is wrong with a recording; `Replay` adds the file's name.
class Damage : public UserError {
 public:
  using UserError::UserError;
};

constexpr std::uint64_t zigzag(std::uint64_t difference) {
  return difference << 1 ^ static_cast<std::uint64_t>(static_cast<std::int64_t>(difference) >> 63);
}
constexpr std::uint64_t unzigzag(std::uint64_t coded) { return coded >> 1 ^ (0 - (coded & 1)); }

class ByteWriter {
 public:
  void byte(std::uint8_t value) { bytes_.push_back(value); }
  void number(std::uint64_t value) {
    while (value >= 0x80) {
      bytes_.push_back(static_cast<std::uint8_t>(value | 0x80));
      value >>= 7;
    }
    bytes_.push_back(static_cast<std::uint8_t>(value));
  }
  void difference(std::uint64_t now, std::uint64_t before) { number(zigzag(now - before)); }
  template <class T>
  void fixed(T value) {
    for (unsigned i = 0; i < sizeof value; ++i)
      bytes_.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> 8 * i));
  }
  void text(std::string_view text) {
    number(text.size());
    bytes_.insert(bytes_.end(), text.begin(), text.end());
  }
  std::size_t size() const { return bytes_.size(); }
  void clear() { bytes_.clear(); }
  void reserve(std::size_t bytes) { bytes_.reserve(bytes); }
  std::span<const std::uint8_t> bytes() const { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
};

class ByteReader {
 public:
  explicit ByteReader(std::span<const std::uint8_t> bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

  std::uint8_t byte() {
    if (at_ == end_) ends();
    return *at_++;
  }
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
      const std::uint8_t next = byte();
      value |= std::uint64_t{next & 0x7fu} << (shift & 63);
      if (next < 0x80) return value;
    }
    throw Damage("a number of more than 64 bits");
  }
  // A number that is at most `most`.
  std::uint64_t number(std::uint64_t most, const char* what) {
    const std::uint64_t value = number();
    if (value > most) throw Damage(std::string(what) + " out of range");
    return value;
  }
  std::uint64_t difference(std::uint64_t before) { return before + unzigzag(number()); }
  template <class T>
  T fixed() {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < sizeof(T); ++i) value |= std::uint64_t{byte()} << 8 * i;
    return static_cast<T>(value);
  }
  std::string text() {
    const std::uint64_t size = number(static_cast<std::uint64_t>(end_ - at_), "the length of a text");
    const std::string text(reinterpret_cast<const char*>(at_), size);
    at_ += size;
    return text;
  }
  bool at_end() const { return at_ == end_; }

 private:
  [[noreturn]] static void ends() { throw Damage("a block ends in the middle of a record"); }
  const std::uint8_t* at_;
  const std::uint8_t* end_;
};

}  // namespace hartbeat::observe::recording
