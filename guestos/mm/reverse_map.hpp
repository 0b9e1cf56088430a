// From a frame to everybody who maps it, so that it can be taken away from all of them at once.
//
// No list is kept: a page remembers where to look (Origin). An anonymous page has its family, which is the
// address spaces that descend from one execve by fork, and a linear page number, which is that of the address
// it was first touched at, or of its place in the file it was copied from. Fork leaves both alone, and mremap
// writes down how far it has moved a range (Vma::moved), so each range of each member of the family has one
// address where the page could be, and the entry there says whether it is. A page of a file is looked for in
// the same way in all ranges of that file. What this costs is paid by who looks, not by who maps.
#pragma once

#include "guestos/mm/address_space.hpp"

namespace guestos {

// Of the page at `address` of `vma`.
void set_origin(FrameNumber frame, const AddressSpace& space, const Vma& vma, u64 address);
void set_origin(FrameNumber frame, const Inode& inode, u64 index);

struct Mapping {
  AddressSpace* space;
  Vma* vma;
  u64 address;
  Pte* at;
  bool first;      // of those that go through this entry: forks may share its table (shared_tables.hpp)
  unsigned order;  // not 0: the frame is part of a large page, of which `at` is the first entry
  Pte before = 0;  // what the entry was, for who takes it away (reclaim.cpp)
};

// All mappings of a frame, with the mutexes of their address spaces held as long as this lives. It never waits
// for one: then it is not whole.
class Mappings {
 public:
  explicit Mappings(FrameNumber frame);
  ~Mappings();
  Mappings(const Mappings&) = delete;
  Mappings& operator=(const Mappings&) = delete;

  bool whole = false;    // every entry that points to the frame is here
  bool busy = false;     // it is not whole, because somebody was busy: another try may be worth while
  unsigned entries = 0;  // page-table entries, a shared one once
  Mapping* begin() { return mappings_; }
  Mapping* end() { return mappings_ + count_; }
  const Mapping* begin() const { return mappings_; }
  const Mapping* end() const { return mappings_ + count_; }

 private:
  static constexpr unsigned capacity = 64;
  void look_into(AddressSpace& space);

  FrameNumber frame_;
  Mapping mappings_[capacity];
  unsigned count_ = 0;
};

// How many page-table entries the reverse map finds for a frame; for the scan of all frames (frame_check.hpp),
// which has stopped everybody.
u32 count_entries(FrameNumber frame);

}  // namespace guestos
