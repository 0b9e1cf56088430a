// Numbers as bytes: LEB128 for most, little-endian where the width is fixed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>

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
  ByteWriter() = default;
  ByteWriter(const ByteWriter&) = delete;
  ByteWriter& operator=(const ByteWriter&) = delete;

  void byte(std::uint8_t value) {
    if (at_ == end_) [[unlikely]]
      reserve(size() + 1);
    *at_++ = value;
  }
  // Precondition: there is room.
  void put(std::uint8_t value) { *at_++ = value; }
  // The first, if it is wanted, and the second. Precondition: there is room for both.
  void put(bool wanted, std::uint8_t first, std::uint8_t second) {
    std::uint8_t* const at = at_ + wanted;
    *at_ = first;
    *at = second;
    at_ = at + 1;
  }
  void number(std::uint64_t value) {
    if (value < 0x80) return byte(static_cast<std::uint8_t>(value));
    long_number(value);
  }
  void difference(std::uint64_t now, std::uint64_t before) { number(zigzag(now - before)); }
  template <class T>
  void fixed(T value) {
    for (unsigned i = 0; i < sizeof value; ++i)
      byte(static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> 8 * i));
  }
  // There is less room than reserve() was to keep.
  bool is_full() const { return at_ > full_; }
  // So many bytes may come before is_near_limit(), which may also be so sooner.
  void limit(std::uint64_t bytes) {
    limit_ = at_ + std::min<std::uint64_t>(bytes, at_ <= full_ ? static_cast<std::size_t>(full_ - at_) : 0);
  }
  void forget_limit() { limit_ = nullptr; }
  bool is_near_limit() const { return at_ >= limit_; }
  std::size_t size() const { return static_cast<std::size_t>(at_ - bytes_.get()); }
  void clear() { at_ = bytes_.get(); }
  // Room for so many bytes in all, those that are there included.
  void reserve(std::size_t bytes);
  // Also for `spare` bytes behind them: is_full() when those are begun.
  void reserve(std::size_t bytes, std::size_t spare) {
    spare_ = spare;
    reserve(bytes + spare);
    full_ = end_ - spare;
  }
  std::span<const std::uint8_t> bytes() const { return {bytes_.get(), size()}; }

 private:
  [[gnu::noinline]] void long_number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) byte(static_cast<std::uint8_t>(value | 0x80));
    byte(static_cast<std::uint8_t>(value));
  }

  std::uint8_t* at_ = nullptr;
  std::uint8_t* limit_ = nullptr;  // at most full_
  std::uint8_t* full_ = nullptr;   // end_ - spare_
  std::uint8_t* end_ = nullptr;
  std::unique_ptr<std::uint8_t[]> bytes_;
  std::size_t spare_ = 0;
};

[[gnu::cold, gnu::noinline]] inline void ByteWriter::reserve(std::size_t bytes) {
  const std::size_t used = size(), held = static_cast<std::size_t>(end_ - bytes_.get());
  if (bytes <= held) return;
  const std::size_t room = std::max({bytes, 2 * held, std::size_t{64}});
  auto more = std::make_unique_for_overwrite<std::uint8_t[]>(room);
  if (used != 0) std::memcpy(more.get(), bytes_.get(), used);
  bytes_ = std::move(more);
  at_ = bytes_.get() + used;
  end_ = bytes_.get() + room;
  full_ = end_ - spare_;
  limit_ = nullptr;
}

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
  bool at_end() const { return at_ == end_; }

 private:
  [[noreturn]] static void ends() { throw Damage("a block ends in the middle of a record"); }
  const std::uint8_t* at_;
  const std::uint8_t* end_;
};

}  // namespace hartbeat::observe::recording
