// A TLB: what it holds is architecture. An entry stays, stale or not, until it is fenced or evicted, and
// which slot gives way is a function of the accesses alone.
//
// Any shape costs the same: entries are found through a hash of (page size, page), and only the page sizes
// that are present are probed; the set and the replacement state decide only which slot an insertion takes. A
// page of 2^n bytes lives in the set that the low bits of (address >> n) name.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

#include "mmu/address.hpp"
#include "mmu/replacement.hpp"
#include "mmu/tlb_config.hpp"
#include "mmu/tlb_entry.hpp"

namespace hartbeat::mmu {

class Tlb {
 public:
  // Throws std::invalid_argument, see validate(TlbConfig).
  explicit Tlb(const TlbConfig& config);

  const TlbConfig& config() const { return config_; }
  unsigned size() const { return static_cast<unsigned>(live_.size()); }  // entries held now
  // Bytes that these entries map, but for global ones: those are the kernel's, and of 1 GiB as a rule.
  std::uint64_t reach() const { return reach_; }

  // The entry that translates the address in this address space, or null. Of several (stale entries of other
  // sizes, or a global and a private one) the smallest page answers, of these the youngest. The pointer is
  // good until the entry is evicted or fenced. A hit counts for the replacement.
  [[gnu::always_inline]] TlbEntry* lookup(VirtAddr address, std::uint16_t asid) {
    const std::uint32_t slot = find(address, asid);
    if (slot == no_slot) return nullptr;
    replacement_.hit(slots_[slot].set, slot);
    return &slots_[slot].entry;
  }

  // The same without a trace in the replacement state.
  const TlbEntry* peek(VirtAddr address, std::uint16_t asid) const {
    const std::uint32_t slot = find(address, asid);
    return slot == no_slot ? nullptr : &slots_[slot].entry;
  }

  // Counts a hit on an entry of this TLB for the replacement, as lookup does: for a caller that remembers the
  // entry.
  void touch(const TlbEntry& entry) {
    const std::uint32_t slot = slot_of(entry);
    replacement_.hit(slots_[slot].set, slot);
  }

  // Puts the entry in. An entry that translates the same page of the same size in the same address space is
  // overwritten in its slot. Whatever had to go is copied to *evicted (may be null), and true returned.
  // `inserted` (may be null) tells where the entry is now. `entry` must not be one of this TLB's own.
  bool insert(const TlbEntry& entry, TlbEntry* evicted, const TlbEntry** inserted = nullptr);

  // SFENCE.VMA and SINVAL.VMA: removes the entries the operands name and calls removed(const TlbEntry&) after
  // each removal; returns how many went. No address: all; no ASID: all address spaces, global entries too.
  // With an ASID, global entries stay. An address names every entry, of any size, whose page covers it.
  template <class F>
  unsigned fence(std::optional<VirtAddr> address, std::optional<std::uint16_t> asid, F&& removed);

  // Removes what lookup could return for the address, but for pages of 2^keep_shift bytes; removed as in
  // fence.
  template <class F>
  unsigned remove_others(VirtAddr address, std::uint16_t asid, unsigned keep_shift, F&& removed);

  // visit(const TlbEntry&) for each entry in the order of the slots.
  template <class F>
  void for_each(F&& visit) const;

  // The slot number of an entry of this TLB: set * ways + way.
  std::uint32_t slot_of(const TlbEntry& entry) const {
    return static_cast<std::uint32_t>(reinterpret_cast<const Slot*>(&entry) - slots_.data());
  }

  // Power-on reset: no entry, initial replacement state.
  void clear();

 private:
  static constexpr std::uint32_t no_slot = ~std::uint32_t{0};
  static constexpr unsigned size_classes = 6;

  struct Slot {
    TlbEntry entry;                      // first, so that an entry's address is its slot's
    std::uint32_t next = no_slot;        // in the bucket
    std::uint32_t live_index = no_slot;  // position in live_; no_slot: the slot is invalid
    std::uint32_t set = 0;
  };

  // Page sizes as classes 0 … 5 (2^12, 2^16, 2^21, 2^30, 2^39, 2^48 bytes), and a class's width above 4 KiB.
  static constexpr unsigned class_of(unsigned page_shift) {
    return page_shift <= 16 ? (page_shift == 16 ? 1 : 0) : (page_shift - 3) / 9;
  }
  static constexpr unsigned span_of(unsigned size_class) {
    return size_class < 2 ? size_class * 4 : (size_class - 1) * 9;
  }

  std::uint32_t bucket_of(std::uint64_t page, unsigned size_class) const {
    return static_cast<std::uint32_t>(((page << 3 | size_class) * 0x9e3779b97f4a7c15u) >> bucket_shift_);
  }
  std::uint32_t bucket_of(const TlbEntry& entry) const {
    const unsigned size_class = class_of(entry.page_shift);
    return bucket_of(entry.virtual_page >> span_of(size_class), size_class);
  }
  std::uint32_t set_of(const TlbEntry& entry) const {
    return static_cast<std::uint32_t>(entry.virtual_page >> (entry.page_shift - 12)) & set_mask_;
  }

  [[gnu::always_inline]] std::uint32_t find(VirtAddr address, std::uint16_t asid) const {
    const std::uint64_t page = address.value >> 12;
    for (unsigned present = present_; present != 0; present &= present - 1) {
      const unsigned size_class = static_cast<unsigned>(std::countr_zero(present));
      const std::uint32_t slot = find_sized(page, size_class, asid);
      if (slot != no_slot) return slot;
    }
    return no_slot;
  }
  [[gnu::always_inline]] std::uint32_t find_sized(std::uint64_t page, unsigned size_class,
                                                  std::uint16_t asid) const {
    const unsigned span = span_of(size_class);
    const std::uint64_t start = page >> span << span;
    std::uint32_t slot = buckets_[bucket_of(page >> span, size_class)];
    for (; slot != no_slot; slot = slots_[slot].next) {
      const TlbEntry& entry = slots_[slot].entry;
      if (entry.virtual_page == start && entry.page_shift == 12 + span &&
          (entry.global || entry.asid == asid))
        return slot;
    }
    return no_slot;
  }

  std::uint32_t slot_for(const TlbEntry& entry);
  // In and out of the bucket and the count of its page size.
  void link(std::uint32_t slot);
  void unlink(std::uint32_t slot);
  void remove(std::uint32_t slot);
  template <class Selected, class F>
  unsigned remove_covering(VirtAddr address, Selected&& selected, F&& removed);

  TlbConfig config_;
  std::uint32_t set_mask_ = 0;
  unsigned bucket_shift_ = 63;
  unsigned present_ = 0;                  // bit c: an entry of size class c is held
  std::uint32_t counts_[size_classes]{};  // entries held per size class
  std::uint64_t reach_ = 0;
  std::vector<std::uint32_t> buckets_;  // heads of chains through Slot::next, newest first
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> live_;  // valid slots, so that a fence costs what the TLB holds
  ReplacementState replacement_;
};

[[gnu::always_inline]] inline bool Tlb::insert(const TlbEntry& entry, TlbEntry* evicted,
                                               const TlbEntry** inserted) {
  const std::uint32_t number = slot_for(entry);
  Slot& slot = slots_[number];
  const bool occupied = slot.live_index != no_slot;
  if (occupied) {
    if (evicted != nullptr) *evicted = slot.entry;
    unlink(number);
  } else {
    slot.live_index = static_cast<std::uint32_t>(live_.size());
    live_.push_back(number);
  }
  slot.entry = entry;
  link(number);
  replacement_.filled(slot.set, number);
  if (inserted != nullptr) *inserted = &slot.entry;
  return occupied;
}

// The slot that holds this page of this size in this address space, or else the one that the replacement
// names.
inline std::uint32_t Tlb::slot_for(const TlbEntry& entry) {
  const std::uint32_t slot = find_sized(entry.virtual_page, class_of(entry.page_shift), entry.asid);
  return slot != no_slot ? slot : replacement_.victim(set_of(entry));
}

inline void Tlb::link(std::uint32_t number) {
  Slot& slot = slots_[number];
  std::uint32_t& head = buckets_[bucket_of(slot.entry)];
  slot.next = head;
  head = number;
  const unsigned size_class = class_of(slot.entry.page_shift);
  ++counts_[size_class];
  present_ |= 1u << size_class;
  if (!slot.entry.global) reach_ += slot.entry.page_bytes();
}

inline void Tlb::unlink(std::uint32_t number) {
  const Slot& slot = slots_[number];
  std::uint32_t* place = &buckets_[bucket_of(slot.entry)];
  while (*place != number) place = &slots_[*place].next;
  *place = slot.next;
  const unsigned size_class = class_of(slot.entry.page_shift);
  if (--counts_[size_class] == 0) present_ &= ~(1u << size_class);
  if (!slot.entry.global) reach_ -= slot.entry.page_bytes();
}

inline void Tlb::remove(std::uint32_t number) {
  unlink(number);
  Slot& slot = slots_[number];
  const std::uint32_t last = live_.back();
  live_[slot.live_index] = last;
  slots_[last].live_index = slot.live_index;
  live_.pop_back();
  slot.live_index = no_slot;
  replacement_.invalidated(slot.set, number);
}

template <class Selected, class F>
unsigned Tlb::remove_covering(VirtAddr address, Selected&& selected, F&& removed) {
  unsigned count = 0;
  const std::uint64_t page = address.value >> 12;
  for (unsigned present = present_; present != 0; present &= present - 1) {
    const unsigned size_class = static_cast<unsigned>(std::countr_zero(present));
    std::uint32_t slot = buckets_[bucket_of(page >> span_of(size_class), size_class)];
    while (slot != no_slot) {
      const std::uint32_t next = slots_[slot].next;
      const TlbEntry entry = slots_[slot].entry;
      if (class_of(entry.page_shift) == size_class && entry.covers(address) && selected(entry)) {
        remove(slot);
        removed(entry);
        ++count;
      }
      slot = next;
    }
  }
  return count;
}

template <class F>
unsigned Tlb::fence(std::optional<VirtAddr> address, std::optional<std::uint16_t> asid, F&& removed) {
  const auto selected = [&](const TlbEntry& entry) {
    return !asid || (!entry.global && entry.asid == *asid);
  };
  if (address) return remove_covering(*address, selected, removed);
  unsigned count = 0;
  for (std::size_t i = live_.size(); i-- > 0;) {
    const TlbEntry entry = slots_[live_[i]].entry;
    if (!selected(entry)) continue;
    remove(live_[i]);
    removed(entry);
    ++count;
  }
  return count;
}

template <class F>
unsigned Tlb::remove_others(VirtAddr address, std::uint16_t asid, unsigned keep_shift, F&& removed) {
  return remove_covering(
      address,
      [&](const TlbEntry& entry) {
        return entry.page_shift != keep_shift && (entry.global || entry.asid == asid);
      },
      removed);
}

template <class F>
void Tlb::for_each(F&& visit) const {
  for (const Slot& slot : slots_) {
    if (slot.live_index != no_slot) visit(slot.entry);
  }
}

}  // namespace hartbeat::mmu
