// The generator's choices: a stream of numbers that depends on the seed alone.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <random>

namespace hartbeat::qemu_diff {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t bits() { return engine_(); }
  std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
  bool chance(unsigned percent) { return below(100) < percent; }
  unsigned reg() { return static_cast<unsigned>(below(32)); }
  unsigned reg_not_zero() { return static_cast<unsigned>(1 + below(31)); }
  template <class List>
  const auto& pick(const List& list) {
    return *std::next(std::begin(list), static_cast<std::ptrdiff_t>(below(std::size(list))));
  }
  std::mt19937_64& engine() { return engine_; }

  // Integers that arithmetic goes wrong at.
  std::uint64_t corner() {
    switch (below(8)) {
      case 0: return below(4) - 2;
      case 1: return std::uint64_t{1} << below(64);
      case 2: return (std::uint64_t{1} << below(64)) - 1;
      case 3: return ~(std::uint64_t{1} << below(64));
      case 4: return 0x8000'0000 + below(3) - 1;
      case 5: return static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int32_t>(bits())));
      case 6: return std::rotl(std::uint64_t{0x00ff'00ff'0000'ffff}, static_cast<int>(below(64)));
      default: return bits();
    }
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace hartbeat::qemu_diff
