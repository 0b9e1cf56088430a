#include "emu/hart/pmp.hpp"

#include <bit>

namespace hartbeat {
namespace {

constexpr std::uint8_t bit_r = 1, bit_w = 2, bit_x = 4, bit_lock = 0x80;
constexpr std::uint64_t address_bits = (std::uint64_t{1} << 54) - 1;  // pmpaddr holds bits 55:2
enum Match : std::uint8_t { off = 0, tor = 1, na4 = 2, napot = 3 };

constexpr Match match_of(std::uint8_t config) { return static_cast<Match>((config >> 3) & 3); }

}  // namespace

void Pmp::set_config(unsigned entry, std::uint8_t value) {
  if (entry >= entries_ || (config_[entry] & bit_lock)) return;
  if ((value & bit_w) && !(value & bit_r)) return;
  config_[entry] = value & 0x9f;
  refresh();
}

void Pmp::set_address(unsigned entry, std::uint64_t value) {
  if (entry >= entries_ || (config_[entry] & bit_lock)) return;
  // A locked TOR entry above also locks this address, its lower bound.
  if (entry + 1 < entries_ && (config_[entry + 1] & bit_lock) && match_of(config_[entry + 1]) == tor) return;
  address_[entry] = value & address_bits;
  refresh();
}

bool Pmp::range(unsigned entry, Range& out) const {
  const std::uint64_t address = address_[entry];
  switch (match_of(config_[entry])) {
    case off: return false;
    case tor: {
      const std::uint64_t low = entry == 0 ? 0 : address_[entry - 1];
      if (low >= address) return false;
      out = {low << 2, (address << 2) - 1};
      return true;
    }
    case na4: out = {address << 2, (address << 2) + 3}; return true;
    case napot: {
      const unsigned ones = static_cast<unsigned>(std::countr_one(address));
      if (ones >= 54) {
        out = {0, ~std::uint64_t{0}};
        return true;
      }
      const std::uint64_t size = std::uint64_t{8} << ones;
      const std::uint64_t base = (address << 2) & ~(size - 1);
      out = {base, base + size - 1};
      return true;
    }
  }
  return false;
}

void Pmp::refresh() {
  live_ = 0;
  for (unsigned i = 0; i < entries_; ++i) {
    on_[i] = range(i, ranges_[i]);
    if (on_[i]) live_ = i + 1;
  }
  active_ = live_ != 0;
}

bool Pmp::check(std::uint64_t address, unsigned size, mmu::Access access, mmu::Privilege privilege) const {
  const std::uint64_t last = address + size - 1;
  for (unsigned i = 0; i < live_; ++i) {
    if (!on_[i] || last < ranges_[i].first || address > ranges_[i].last) continue;
    if (address < ranges_[i].first || last > ranges_[i].last) return false;
    if (privilege == mmu::Privilege::machine && !(config_[i] & bit_lock)) return true;
    const std::uint8_t needed = access == mmu::Access::fetch  ? bit_x
                                : access == mmu::Access::load ? bit_r
                                                              : bit_w;
    return (config_[i] & needed) != 0;
  }
  return privilege == mmu::Privilege::machine;
}

bool Pmp::uniform(PhysAddr page) const {
  const std::uint64_t first = page.value & ~page_offset_mask;
  const std::uint64_t last = first + page_offset_mask;
  for (unsigned i = 0; i < live_; ++i) {
    if (!on_[i] || last < ranges_[i].first || first > ranges_[i].last) continue;
    return first >= ranges_[i].first && last <= ranges_[i].last;
  }
  return true;
}

}  // namespace hartbeat
