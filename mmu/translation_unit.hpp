// The MMU of one hart: I-TLB, D-TLB, an optional second-level TLB behind both, and the walker.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "mmu/address.hpp"
#include "mmu/tlb.hpp"
#include "mmu/walk.hpp"

namespace hartbeat::mmu {

struct UnitConfig {
  TlbConfig itlb = TlbConfig::cva6();
  TlbConfig dtlb = TlbConfig::cva6();
  std::optional<TlbConfig>
      l2;  // neither inclusive nor exclusive: a walk fills both levels, each evicts on its own
  Features features = {};
  // What a hit without the permission does. False, as CVA6: it faults from the entry as it is, however stale;
  // only a clear A or D under Svadu walks again. True: every such hit walks again, and the walk decides.
  bool rewalk_on_hit_fault = false;
  // Cache also what a faulting walk found: a PTE with V = 0, or a leaf that forbids the access. The
  // specification allows it; software that forgets the fence after making a PTE valid then sees the fault
  // stay.
  bool cache_faults = false;
  // As CVA6, whose walker leaves the check of U to the TLB's output: a leaf that only its U bit forbids to
  // the access is cached all the same, and the fault comes from there.
  bool cache_privilege_faults = false;
};

struct TlbCounters {
  std::uint64_t hits = 0;  // a hit whose entry forbids the access is a hit
  std::uint64_t misses = 0;
  std::uint64_t evictions = 0;  // live entries that made room for another page
  std::uint64_t fences = 0;
  std::uint64_t fence_removed = 0;  // entries that fences removed
  std::uint64_t fills = 0;          // entries put in
  std::uint64_t fill_reach = 0;     // sum over the fills: Tlb::reach right after it

  friend bool operator==(const TlbCounters&, const TlbCounters&) = default;
};

struct UnitCounters {
  TlbCounters itlb;
  TlbCounters dtlb;
  TlbCounters l2;
  std::uint64_t walks = 0;
  std::uint64_t walk_reads = 0;   // PTEs read by walks
  std::uint64_t walk_faults = 0;  // walks that ended in a fault
  std::uint64_t rewalks = 0;      // walks after a hit (the entry forbade the access, or A or D was to be set)
  std::uint64_t ad_writes = 0;    // PTEs written under Svadu

  friend bool operator==(const UnitCounters&, const UnitCounters&) = default;
};

enum class TlbKind : std::uint8_t { instruction, data, second_level };

struct Translation {
  Fault fault = Fault::none;
  bool tlb_hit = false;   // the answer came from the I- or D-TLB,
  bool l2_hit = false;    // or from the second level; neither: from a walk, see last_walk(), or bare
  PhysAddr address = {};  // 0 on a fault
  const TlbEntry* entry = nullptr;  // in the I- or D-TLB; null when bare, and on a fault
  // What left the I-TLB (for a fetch) or the D-TLB, on a fault too; at most one unless pages changed their
  // size under stale entries. Good until the next call on the unit.
  std::span<const TlbEntry> evicted = {};
};

class TranslationUnit {
 public:
  // Throws std::invalid_argument for an impossible TLB shape.
  explicit TranslationUnit(const UnitConfig& config);

  // Translates one address for one access. Identity when bare or in machine mode, without a look at any TLB.
  template <PteMemory Memory>
  Translation translate(Memory& memory, const Context& context, VirtAddr address, Access access) {
    if (!translates(context)) return {.address = {address.value}};
    const bool fetch = access == Access::fetch;
    Tlb& tlb = fetch ? itlb_ : dtlb_;
    TlbCounters& counters = fetch ? counters_.itlb : counters_.dtlb;
    const TlbEntry* const entry = tlb.lookup(address, context.asid & asid_mask_);
    if (entry == nullptr) {
      ++counters.misses;
      return miss(memory, context, address, access);
    }
    ++counters.hits;
    if (!allowed(entry->permissions, context, access)) [[unlikely]] {
      return forbidden(memory, context, address, access, *entry, true);
    }
    return {.tlb_hit = true, .address = entry->translate(address), .entry = entry};
  }

  // The story of the last translation that missed or faulted. After an L2 hit it is not touched.
  const Walk& last_walk() const { return walk_; }

  // SFENCE.VMA (and SINVAL.VMA: no translation is ever under way between two instructions) on all TLBs.
  // Calls removed(TlbKind, const TlbEntry&) for each entry removed; returns how many.
  template <class F>
  unsigned fence(std::optional<VirtAddr> address, std::optional<std::uint16_t> asid, F&& removed) {
    return fence_all(address, asid, removed, 1);
  }
  // What the core's fence removes besides, when the instruction has been counted already.
  template <class F>
  unsigned extend_fence(std::optional<VirtAddr> address, std::optional<std::uint16_t> asid, F&& removed) {
    return fence_all(address, asid, removed, 0);
  }
  template <class F>
  unsigned sinval_vma(std::optional<VirtAddr> address, std::optional<std::uint16_t> asid, F&& removed) {
    return fence(address, asid, removed);
  }

  // Whether any TLB has a translation of the address in the address space; leaves no trace.
  bool holds(VirtAddr address, std::uint16_t asid) const;

  const UnitConfig& config() const { return config_; }
  const UnitCounters& counters() const { return counters_; }
  const Tlb& itlb() const { return itlb_; }
  const Tlb& dtlb() const { return dtlb_; }
  const Tlb* l2() const { return l2_ ? &*l2_ : nullptr; }

  // Counts hits that a cache in front of the TLB absorbed.
  void absorbed_hits(Access access, std::uint64_t count) {
    (access == Access::fetch ? counters_.itlb : counters_.dtlb).hits += count;
  }
  // A hit that such a cache absorbed, where the replacement must see it. Precondition: translates(context), and the I- or D-TLB has
  // the page.
  void touch(const Context& context, VirtAddr address, Access access) {
    (access == Access::fetch ? itlb_ : dtlb_).lookup(address, context.asid & asid_mask_);
  }

  // Power-on reset: empty TLBs, counters 0.
  void reset();

 private:
  template <class F>
  unsigned fence_all(std::optional<VirtAddr> address, std::optional<std::uint16_t> asid, F&& removed,
                     unsigned counted);
  template <PteMemory Memory>
  Translation miss(Memory& memory, const Context& context, VirtAddr address, Access access);
  template <PteMemory Memory>
  Translation forbidden(Memory& memory, const Context& context, VirtAddr address, Access access,
                        const TlbEntry& entry, bool first_level);
  template <PteMemory Memory>
  Translation walk_and_fill(Memory& memory, const Context& context, VirtAddr address, Access access,
                            bool after_hit);

  // Fills the story of a fault that a TLB entry raised without a walk.
  void fault_from(const TlbEntry& entry, Check check);
  // An entry for a PTE with V = 0: it remembers the page only.
  static TlbEntry without_target(const TlbEntry& entry);
  // Whether the configuration caches the PTE at which the walk faulted.
  bool cacheable_fault(const Context& context, Access access) const;
  // A walk that followed a hit may have found a page of another size: what it replaces must not be hit again.
  void drop_other_sizes(const TlbEntry& entry, VirtAddr address, Access access);
  // Puts the entry into the I- or D-TLB and returns where it is; evicted_ says what left.
  const TlbEntry* fill_first_level(const TlbEntry& entry, Access access);
  void fill_second_level(const TlbEntry& entry);
  std::span<const TlbEntry> evicted() const { return {evicted_.data(), evicted_count_}; }

  UnitConfig config_;
  std::uint16_t asid_mask_;
  Tlb itlb_;
  Tlb dtlb_;
  std::optional<Tlb> l2_;
  UnitCounters counters_;
  Walk walk_;
  unsigned evicted_count_ = 0;
  // At most a global and a private entry for each of five other page sizes, and the insertion's own victim.
  std::array<TlbEntry, 11> evicted_;
};

}  // namespace hartbeat::mmu

#include "mmu/translation_steps.hpp"
