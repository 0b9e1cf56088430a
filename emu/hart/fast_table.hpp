// The host-pointer cache in front of the TLB (DESIGN D5): a hit costs one compare. Every entry is a subset of what the
// modelled D-TLB holds, of what PMP allows, and of RAM pages that need no notice of stores.
#pragma once

#include <array>
#include <cstdint>

#include "mmu/address.hpp"

namespace hartbeat {

struct FastEntry {
  // In the tag of a page that is not the last one, where replacement looks at hits: the entry is good, but the D-TLB is to hear of
  // the next access to it (rouse_page).
  static constexpr std::uint64_t resting = 1u << 11;
  std::uint64_t page() const { return tag & ~resting; }

  std::uint64_t tag =
      ~std::uint64_t{0};     // virtual page address; all ones: empty (no masked address equals it)
  std::uint64_t addend = 0;  // host address minus virtual address
};

// Loads and stores of one translation context (a privilege and SUM).
struct FastTable {
  static constexpr unsigned entries = 1024;
  static constexpr unsigned index(std::uint64_t va) { return (va >> page_shift) % entries; }

  std::array<FastEntry, entries> read;
  std::array<FastEntry, entries> write;
  std::uint64_t loads = 0, stores = 0;  // served from here since fold_access_counts
  bool dirty = false;                   // something has been filled since the last clear

  void clear() {
    if (!dirty) return;
    read.fill({});
    write.fill({});
    dirty = false;
  }
  void clear_writes() {
    if (dirty) write.fill({});
  }
  void remove(std::uint64_t va) {
    const std::uint64_t page = va & ~page_offset_mask;
    FastEntry& r = read[index(va)];
    FastEntry& w = write[index(va)];
    if (r.page() == page) r = {};
    if (w.page() == page) w = {};
  }
  void rest(std::uint64_t va) { exchange(va, 0, FastEntry::resting); }
  void rouse(std::uint64_t va) { exchange(va, FastEntry::resting, 0); }

 private:
  void exchange(std::uint64_t va, std::uint64_t from, std::uint64_t to) {
    const std::uint64_t page = va & ~page_offset_mask;
    for (FastEntry* entry : {&read[index(va)], &write[index(va)]})
      if (entry->tag == (page | from)) entry->tag = page | to;
  }
};

}  // namespace hartbeat
