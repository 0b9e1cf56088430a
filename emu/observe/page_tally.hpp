// Copies and reuses by virtual page, over all processes together: which part of a program's memory they hit.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "mmu/address.hpp"

namespace hartbeat::observe {

// Neighbouring pages with the same counts.
struct PageRange {
  VirtAddr first;                        // address of the first page
  std::uint64_t pages = 0;               // of 4 KiB
  std::uint64_t copies = 0, reuses = 0;  // of each page

  friend bool operator==(const PageRange&, const PageRange&) = default;
};

class PageTally {
 public:
  void copied(VirtAddr address) { ++pages_[address.value >> page_shift].copies; }
  void reused(VirtAddr address) { ++pages_[address.value >> page_shift].reuses; }

  // By ascending address.
  std::vector<PageRange> ranges() const;

 private:
  struct Counts {
    std::uint64_t copies = 0, reuses = 0;
  };
  std::map<std::uint64_t, Counts> pages_;  // by page number
};

}  // namespace hartbeat::observe
