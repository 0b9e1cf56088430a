// Physical memory protection (privileged specification, "Physical Memory Protection").
#pragma once

#include <array>
#include <cstdint>

#include "mmu/mmu.hpp"

namespace hartbeat {

class Pmp {
 public:
  explicit Pmp(unsigned entries) : entries_(entries) {}

  unsigned entries() const { return entries_; }
  std::uint8_t config(unsigned entry) const { return config_[entry]; }
  std::uint64_t address(unsigned entry) const { return address_[entry]; }

  // CSR writes; locked entries ignore them. R=0 W=1 is reserved: the write of that entry is ignored.
  void set_config(unsigned entry, std::uint8_t value);
  void set_address(unsigned entry, std::uint64_t value);

  // May `privilege` do this access to [address, address + size)? An access that an entry matches only in part fails.
  bool allows(PhysAddr address, unsigned size, mmu::Access access, mmu::Privilege privilege) const {
    if (!active_) return privilege == mmu::Privilege::machine || entries_ == 0;
    return check(address.value, size, access, privilege);
  }
  // Is the answer the same for every access within the page? Then it may be cached per page.
  bool uniform(PhysAddr page) const;

 private:
  struct Range {
    std::uint64_t first, last;
  };  // inclusive, bytes
  bool check(std::uint64_t address, unsigned size, mmu::Access access, mmu::Privilege privilege) const;
  bool range(unsigned entry, Range& out) const;
  void refresh();

  unsigned entries_;
  bool active_ = false;  // some entry matches something
  unsigned live_ = 0;    // entries up to the last one that is not off
  std::array<std::uint8_t, 64> config_{};
  std::array<std::uint64_t, 64> address_{};
  std::array<Range, 64> ranges_{};
  std::array<bool, 64> on_{};
};

}  // namespace hartbeat
