// How a cache splits an address: sets, ways, lines. Every number is a power of two (parameters.cpp).
#pragma once

#include <bit>
#include <cstdint>

namespace hartbeat::timing::cva6 {

struct CacheGeometry {
  CacheGeometry(unsigned bytes, unsigned cache_ways, unsigned line_bytes)
      : ways(cache_ways),
        way_bits(log2(cache_ways)),
        all_ways((1u << cache_ways) - 1),
        sets(bytes / cache_ways / line_bytes),
        line_bits(log2(line_bytes)),
        index_bits(log2(bytes / cache_ways)) {}

  unsigned set_of(std::uint64_t address) const { return (address >> line_bits) & (sets - 1); }
  std::uint64_t line_of(std::uint64_t address) const { return address >> line_bits; }
  std::uint64_t line_mask() const { return (std::uint64_t{1} << line_bits) - 1; }
  // 8-byte words in a line; the D$ has a bank for each.
  unsigned words() const { return 1u << (line_bits - 3); }
  unsigned word_of(std::uint64_t address) const { return (address >> 3) & (words() - 1); }

  unsigned ways, way_bits, all_ways;  // all_ways: a bit for each
  unsigned sets;
  unsigned line_bits, index_bits;

 private:
  static unsigned log2(unsigned power) { return static_cast<unsigned>(std::countr_zero(power)); }
};

}  // namespace hartbeat::timing::cva6
