// The Sv39 page tables of a program: two roots that agree on the kernel's part and differ in a window of
// random entries.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/system/qemu_diff/layout.h"
#include "tests/system/qemu_diff/random.hpp"

namespace hartbeat::qemu_diff {

class PageTables {
 public:
  // With Svnapot there are 64 KiB pages; without, entries with reserved bits. Never both: with Svnapot,
  // QEMU 7.2 does not look at reserved bits.
  // `holes`: some pages are mapped to where no memory is.
  PageTables(bool svnapot, bool holes);

  static constexpr std::uint64_t window = std::uint64_t{64} << 30;  // the virtual address under root entry 64
  static constexpr unsigned roots = 2;

  void randomise(Random& random);
  // Makes a page of code executable for user or supervisor mode.
  void map_code(std::uint64_t address, bool user);

  // satp for one of the roots; each has its own ASID. The deeper modes put a level or two on top of Sv39's
  // tables.
  enum class Depth : std::uint8_t { sv39 = 8, sv48 = 9, sv57 = 10 };
  static std::uint64_t satp(unsigned root, Depth depth);
  static std::uint64_t asid(unsigned root) { return 0x11 * (root + 1); }

  // A virtual address in the window or next to it: any outcome of a walk is possible. `offset` is kept in the
  // page.
  static std::uint64_t random_address(Random& random, std::uint64_t offset);

  // An entry of the window that a program may replace at run time: where it is, what it maps, what to write.
  struct Update {
    std::uint64_t entry_address, virtual_address, value;
  };
  Update random_update(Random& random, unsigned root);

  const std::vector<std::uint8_t>& bytes() const { return bytes_; }

 private:
  static std::uint64_t table(unsigned page) { return TABLES_BASE + 4096 * std::uint64_t{page}; }
  void set(unsigned page, unsigned index, std::uint64_t entry);
  static std::uint64_t pointer(unsigned page);
  std::uint64_t random_leaf(Random& random, bool may_be_global) const;
  std::uint64_t random_attributes(Random& random, bool may_be_global) const;
  void randomise_level1(Random& random, unsigned page, unsigned level0);
  void randomise_level0(Random& random, unsigned page, bool may_be_global);

  bool svnapot_;
  bool holes_;
  std::vector<std::uint8_t> bytes_;
};

}  // namespace hartbeat::qemu_diff
