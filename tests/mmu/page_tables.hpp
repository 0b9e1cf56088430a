// A small physical memory that holds page tables, for tests: pages from 0x8000_0000, nothing elsewhere.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "mmu/mmu.hpp"

namespace tables {

using namespace hartbeat;

inline constexpr std::uint64_t base = 0x8000'0000;

class Ram {
 public:
  explicit Ram(std::uint64_t pages = 8) : words_(pages * 512) {}

  std::uint64_t& at(std::uint64_t address) { return words_.at((address - base) / 8); }
  std::optional<std::uint64_t> find(std::uint64_t address) const {
    if (address < base || address - base >= words_.size() * 8 || forbidden_reads.count(address) != 0)
      return std::nullopt;
    return words_[(address - base) / 8];
  }

  bool read_pte(PhysAddr address, std::uint64_t& out) {
    ++reads;
    const auto word = find(address.value);
    if (word) out = *word;
    return word.has_value();
  }
  bool update_pte(PhysAddr address, std::uint64_t expected, std::uint64_t desired) {
    if (!writable || !find(address.value)) return false;
    if (at(address.value) != expected) mismatched_update = true;
    at(address.value) = desired;
    ++updates;
    return true;
  }

  std::set<std::uint64_t> forbidden_reads;
  bool writable = true;
  bool mismatched_update = false;
  unsigned reads = 0;
  unsigned updates = 0;

 private:
  std::vector<std::uint64_t> words_;
};

// Builds mappings on demand; frames for tables are taken from the front of the memory, the root is the first.
class Builder {
 public:
  Builder(Ram& ram, mmu::Mode mode) : ram_(ram), levels_(mmu::levels_of(mode)) {}

  std::uint64_t root_ppn() const { return base >> 12; }

  // The place of the PTE of this level for the address; pointers down to it are made where there are none.
  std::uint64_t slot(std::uint64_t va, unsigned level) {
    std::uint64_t table = base;
    for (unsigned l = levels_ - 1; l > level; --l) {
      std::uint64_t& entry = ram_.at(table + index(va, l) * 8);
      if (entry == 0) entry = ((base >> 12) + next_++) << 10 | mmu::pte::V;
      table = mmu::pte::ppn(entry) << 12;
    }
    return table + index(va, level) * 8;
  }
  void map(std::uint64_t va, unsigned level, std::uint64_t pte) { ram_.at(slot(va, level)) = pte; }

  static std::uint64_t index(std::uint64_t va, unsigned level) { return va >> (12 + 9 * level) & 511; }

 private:
  Ram& ram_;
  unsigned levels_;
  std::uint64_t next_ = 1;
};

inline constexpr std::uint64_t rwxu_ad =
    mmu::pte::V | mmu::pte::R | mmu::pte::W | mmu::pte::X | mmu::pte::U | mmu::pte::A | mmu::pte::D;

constexpr std::uint64_t leaf(std::uint64_t ppn, std::uint64_t bits = rwxu_ad) { return ppn << 10 | bits; }
// A 64 KiB NAPOT leaf; ppn is a multiple of 16.
constexpr std::uint64_t napot(std::uint64_t ppn, std::uint64_t bits = rwxu_ad) {
  return mmu::pte::N | (ppn | 8) << 10 | bits;
}

constexpr char letter(mmu::Access access) {
  return access == mmu::Access::fetch ? 'x' : access == mmu::Access::store ? 'w' : 'r';
}

inline constexpr std::array<mmu::Mode, 3> modes{mmu::Mode::sv39, mmu::Mode::sv48, mmu::Mode::sv57};
inline constexpr std::array<mmu::Access, 3> accesses{mmu::Access::fetch, mmu::Access::load,
                                                     mmu::Access::store};

}  // namespace tables
