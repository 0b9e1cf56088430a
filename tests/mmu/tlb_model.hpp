// A TLB as one would explain it: an array of slots, searched from end to end, and a replacement state that is
// written down as the policy is told. Slow and plain; the TLB must agree with it slot by slot.
#pragma once

#include <algorithm>
#include <cstdint>
#include <list>
#include <optional>
#include <vector>

#include "mmu/tlb.hpp"

namespace model {

using hartbeat::VirtAddr;
using hartbeat::mmu::TlbConfig;
using hartbeat::mmu::TlbEntry;

class Tlb {
 public:
  explicit Tlb(const TlbConfig& config)
      : config_(config),
        sets_(config.entries / config.ways),
        slots_(config.entries),
        born_(config.entries),
        order_(sets_),
        tree_(sets_, std::vector<bool>(config.ways)) {}

  const std::vector<std::optional<TlbEntry>>& slots() const { return slots_; }

  std::optional<std::size_t> find(std::uint64_t va, unsigned asid) const {
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (!slots_[i] || !covers(*slots_[i], va) || !(slots_[i]->global || slots_[i]->asid == asid)) continue;
      if (!best || before(i, *best)) best = i;
    }
    return best;
  }

  void hit(std::size_t slot) {
    const std::size_t set = slot / config_.ways;
    if (config_.replacement == TlbConfig::lru) use(set, slot);
    if (config_.replacement == TlbConfig::tree_plru) plru_hit(tree_[set], slot % config_.ways);
  }

  // `forced`: the victim that the TLB under test chose at random.
  std::optional<TlbEntry> insert(const TlbEntry& entry, std::optional<std::size_t> forced) {
    std::size_t slot = 0;
    const auto same = find_same(entry);
    if (same) {
      slot = *same;
    } else {
      slot = choose(set_of(entry), forced);
    }
    const std::optional<TlbEntry> gone = slots_[slot];
    slots_[slot] = entry;
    born_[slot] = ++insertions_;
    if (config_.replacement == TlbConfig::lru || config_.replacement == TlbConfig::fifo)
      use(slot / config_.ways, slot);
    return gone;
  }

  std::vector<TlbEntry> fence(std::optional<std::uint64_t> va, std::optional<unsigned> asid) {
    std::vector<TlbEntry> gone;
    for (auto& slot : slots_) {
      if (!slot || (va && !covers(*slot, *va))) continue;
      if (asid && (slot->global || slot->asid != *asid)) continue;
      gone.push_back(*slot);
      slot.reset();
    }
    return gone;
  }

  std::size_t set_of(const TlbEntry& entry) const {
    return (entry.virtual_page * 4096 >> entry.page_shift) % sets_;
  }

 private:
  static bool covers(const TlbEntry& entry, std::uint64_t va) {
    const unsigned __int128 first = static_cast<unsigned __int128>(entry.virtual_page) * 4096;
    return va >= first && va < first + (static_cast<unsigned __int128>(1) << entry.page_shift);
  }
  // Which of two matching slots answers: the smaller page, of two alike the younger entry.
  bool before(std::size_t a, std::size_t b) const {
    if (slots_[a]->page_shift != slots_[b]->page_shift) return slots_[a]->page_shift < slots_[b]->page_shift;
    return born_[a] > born_[b];
  }
  std::optional<std::size_t> find_same(const TlbEntry& entry) const {
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (!slots_[i] || slots_[i]->virtual_page != entry.virtual_page) continue;
      if (slots_[i]->page_shift != entry.page_shift) continue;
      if (!slots_[i]->global && slots_[i]->asid != entry.asid) continue;
      if (!best || before(i, *best)) best = i;
    }
    return best;
  }
  void use(std::size_t set, std::size_t slot) {
    order_[set].remove(slot);
    order_[set].push_back(slot);
  }
  std::size_t choose(std::size_t set, std::optional<std::size_t> forced) const {
    const std::size_t first = set * config_.ways;
    if (config_.replacement == TlbConfig::tree_plru) return first + plru_victim(tree_[set]);
    for (std::size_t slot = first; slot < first + config_.ways; ++slot)
      if (!slots_[slot]) return slot;
    return config_.replacement == TlbConfig::random ? *forced : order_[set].front();
  }

  // The two loops of "PLRU - Pseudo Least Recently Used Replacement" in CVA6's cva6_tlb.sv, as that text has
  // them: node 0 is the root, level l starts at node 2^l - 1.
  unsigned levels() const {
    unsigned log2 = 0;
    while (1u << log2 < config_.ways) ++log2;
    return log2;
  }
  void plru_hit(std::vector<bool>& tree, std::size_t i) const {
    for (unsigned level = 0; level < levels(); ++level) {
      const std::size_t base = (std::size_t{1} << level) - 1;
      const unsigned shift = levels() - level;
      tree[base + (i >> shift)] = (~(i >> (shift - 1)) & 1) != 0;
    }
  }
  std::size_t plru_victim(const std::vector<bool>& tree) const {
    for (std::size_t i = 0; i < config_.ways; ++i) {
      bool enable = true;
      for (unsigned level = 0; level < levels(); ++level) {
        const std::size_t base = (std::size_t{1} << level) - 1;
        const unsigned shift = levels() - level;
        enable &= tree[base + (i >> shift)] == (((i >> (shift - 1)) & 1) != 0);
      }
      if (enable) return i;
    }
    return 0;
  }

  TlbConfig config_;
  std::size_t sets_;
  std::vector<std::optional<TlbEntry>> slots_;
  std::vector<std::uint64_t> born_;
  std::uint64_t insertions_ = 0;
  std::vector<std::list<std::size_t>> order_;  // oldest first, invalid slots included
  std::vector<std::vector<bool>> tree_;
};

}  // namespace model
