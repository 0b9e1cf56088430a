#include "mmu/tlb.hpp"

#include <algorithm>

namespace hartbeat::mmu {

namespace {

const TlbConfig& validated(const TlbConfig& config) {
  validate(config);
  return config;
}

}  // namespace

Tlb::Tlb(const TlbConfig& config)
    : config_(validated(config)),
      set_mask_(config.entries / config.ways - 1),
      slots_(config.entries),
      replacement_(config) {
  const unsigned bucket_bits = static_cast<unsigned>(std::bit_width(config.entries)) + 1;
  bucket_shift_ = 64 - bucket_bits;
  buckets_.assign(std::size_t{1} << bucket_bits, no_slot);
  live_.reserve(config.entries);
  for (std::uint32_t slot = 0; slot < config.entries; ++slot) slots_[slot].set = slot / config.ways;
}

bool Tlb::insert(const TlbEntry& entry, TlbEntry* evicted, const TlbEntry** inserted) {
  const std::uint32_t slot = slot_for(entry);
  const bool occupied = slots_[slot].live_index != no_slot;
  if (occupied) {
    if (evicted != nullptr) *evicted = slots_[slot].entry;
    remove(slot);
  }
  place(slot, entry);
  if (inserted != nullptr) *inserted = &slots_[slot].entry;
  return occupied;
}

// The slot that holds this page of this size in this address space, or else the one that the replacement
// names.
std::uint32_t Tlb::slot_for(const TlbEntry& entry) {
  const unsigned size_class = class_of(entry.page_shift);
  if ((present_ >> size_class & 1) != 0) {
    const std::uint32_t slot = find_sized(entry.virtual_page, size_class, entry.asid);
    if (slot != no_slot) return slot;
  }
  return replacement_.victim(set_of(entry));
}

void Tlb::place(std::uint32_t number, const TlbEntry& entry) {
  Slot& slot = slots_[number];
  slot.entry = entry;
  std::uint32_t& head = buckets_[bucket_of(entry)];
  slot.next = head;
  head = number;
  slot.live_index = static_cast<std::uint32_t>(live_.size());
  live_.push_back(number);
  const unsigned size_class = class_of(entry.page_shift);
  ++counts_[size_class];
  present_ |= 1u << size_class;
  replacement_.filled(slot.set, number);
}

void Tlb::remove(std::uint32_t number) {
  Slot& slot = slots_[number];
  std::uint32_t* link = &buckets_[bucket_of(slot.entry)];
  while (*link != number) link = &slots_[*link].next;
  *link = slot.next;

  const std::uint32_t last = live_.back();
  live_[slot.live_index] = last;
  slots_[last].live_index = slot.live_index;
  live_.pop_back();
  slot.live_index = no_slot;

  const unsigned size_class = class_of(slot.entry.page_shift);
  if (--counts_[size_class] == 0) present_ &= ~(1u << size_class);
  replacement_.invalidated(slot.set, number);
}

void Tlb::clear() {
  std::fill(buckets_.begin(), buckets_.end(), no_slot);
  std::fill(std::begin(counts_), std::end(counts_), 0u);
  for (const std::uint32_t slot : live_) slots_[slot].live_index = no_slot;
  live_.clear();
  present_ = 0;
  replacement_.reset();
}

}  // namespace hartbeat::mmu
