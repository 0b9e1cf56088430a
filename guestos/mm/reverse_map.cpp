#include "guestos/mm/reverse_map.hpp"

#include "guestos/fs/inode.hpp"
#include "guestos/mm/large_page.hpp"

namespace guestos {

namespace {

u64 linear_page(const Vma& vma, u64 address) {
  return vma.inode != nullptr ? vma.page_index(address) : (address + vma.moved) >> page_bits;
}

bool may_map(const AddressSpace& space, const Vma& vma, const Frame& frame, const Origin& origin) {
  if (frame.state == FrameState::page_cache) return reinterpret_cast<u64>(vma.inode) == origin.owner;
  return !vma.shared && space.family == origin.owner;
}

// The entry through which `vma` maps the frame, or nullptr.
Pte* entry_in(const AddressSpace& space, const Vma& vma, FrameNumber frame, u64& address) {
  const u64 linear = u64{origin_of(frame).index} << page_bits;
  address = vma.inode != nullptr ? vma.start + (linear - page_down(vma.offset)) : linear - vma.moved;
  if (address < vma.start || address >= vma.end) return nullptr;
  const Leaf leaf = find_leaf(space.root, address);
  const Pte pte = leaf.at != nullptr ? load_pte(leaf.at) : 0;
  return (pte & pte_v) != 0 && leaf.frame_at(address) == frame ? leaf.at : nullptr;
}

// Calls visit(range, address, entry) for each place of the space that maps the frame.
template <typename Visit>
void each_place(const AddressSpace& space, FrameNumber frame, Visit visit) {
  for (Vma& vma : space.vmas) {
    u64 address = 0;
    if (!may_map(space, vma, frame_of(frame), origin_of(frame))) continue;
    if (Pte* at = entry_in(space, vma, frame, address); at != nullptr) visit(vma, address, at);
  }
}

}  // namespace

void set_origin(FrameNumber frame, const AddressSpace& space, const Vma& vma, u64 address) {
  Origin& origin = origin_of(frame);
  origin.owner = space.family;
  origin.index = static_cast<u32>(linear_page(vma, address));
}

void set_origin(FrameNumber frame, const Inode& inode, u64 index) {
  origin_of(frame).owner = reinterpret_cast<u64>(&inode);
  origin_of(frame).index = static_cast<u32>(index);
}

void Mappings::look_into(AddressSpace& space) {
  const unsigned before = count_;
  each_place(space, frame_, [&](Vma& vma, u64 address, Pte* at) {
    if (count_ == capacity) return;
    bool first = true;
    for (const Mapping& other : *this) first = first && other.at != at;
    mappings_[count_++] = {&space, &vma, address, at, first, find_leaf(space.root, address).order};
    entries += first ? 1 : 0;
  });
  if (count_ == before) space.mutex.unlock();
}

Mappings::Mappings(FrameNumber frame) : frame_(frame) {
  const bool any_family = frame_of(frame).state == FrameState::page_cache;
  SpinGuard guard(all_spaces_lock);
  for (AddressSpace& space : all_spaces) {
    if (!any_family && space.family != origin_of(frame).owner) continue;
    if (!space.mutex.try_lock()) {
      busy = true;
      continue;
    }
    // It is about to be taken down, for which its mutex is needed; its entries still count.
    if (space.references() == 0) {
      space.mutex.unlock();
      busy = true;
      continue;
    }
    look_into(space);
  }
  whole = entries == maps_of(frame);
  // Sharers of a table are all in the family, and their ranges there are the same.
  for (const Mapping& mapping : *this) {
    const FrameNumber table = physical_of(mapping.at) >> page_bits;
    unsigned sharers = 0;
    for (const Mapping& other : *this) sharers += other.at == mapping.at ? 1 : 0;
    whole = whole && sharers == references_of(table);
  }
  if (whole) busy = false;
}

Mappings::~Mappings() {
  for (unsigned i = 0; i < count_; ++i) {
    AddressSpace* space = mappings_[i].space;
    if (i + 1 < count_ && mappings_[i + 1].space == space) continue;  // a space's mappings lie together
    space->mutex.unlock();
  }
}

u32 count_entries(FrameNumber frame) {
  u32 count = 0;
  const Pte* seen[64];
  for (const AddressSpace& space : all_spaces)
    each_place(space, frame, [&](Vma&, u64, const Pte* at) {
      for (u32 i = 0; i < count && i < 64; ++i)
        if (seen[i] == at) return;
      if (count < 64) seen[count] = at;
      ++count;
    });
  return count;
}

}  // namespace guestos
