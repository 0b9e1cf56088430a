// Copy-on-write: fork shares every private page, and the first store decides who needs a copy.
#pragma once

#include "guestos/mm/fault.hpp"

namespace guestos {

// When is a page its writer's own? Boot argument reuse=exclusive|references|maps: Linux's three answers in
// reverse order. Only the first keeps every promise (guest-programs/pin.c).
enum class ReuseRule : u8 {
  exclusive,   // 5.19: a bit says so from the first store until a fork; a pinned page is copied at fork
  references,  // 5.9: nobody else keeps the frame alive. A pin parts its owner and the device
  maps,        // to 5.7: no other entry maps it. Blind for pins: leaks to who unmapped it and still reads
};

void cow_open();  // reads the boot arguments, makes the zero page

// The frame that every first load of anonymous memory maps. A store to it gets a zeroed frame.
FrameNumber zero_frame();
void mark_exclusive(FrameNumber frame);
// A page that was made for this one writer, to be mapped at `start`.
void give_origin(FrameNumber first, unsigned order, const AddressSpace& space, const Vma& vma, u64 start);

// A store hit a present page without W in a private, writable range. The space's mutex is held.
// Boot argument large-cow=split|whole: of a large page that somebody else has, too, the 4 KiB that are written are
// copied, or all of it.
FaultOutcome write_to_protected_page(AddressSpace& space, const Vma& vma, u64 address);

// Fork's half: gives `child` every present private page of `vma`. False: out of memory; what was shared so
// far is for the caller to undo by dropping the child.
bool share_private_pages(AddressSpace& parent, AddressSpace& child, const Vma& vma, ForkCounts& counts);
// Fork without CoW (boot argument fork=eager): what has just been shared, and fenced, is copied for the child
// at once, and the parent may write again. Sharing first makes the copy one moment of the parent's, even
// while other threads write.
bool copy_shared_pages(AddressSpace& parent, AddressSpace& child, const Vma& vma, ForkCounts& counts);

}  // namespace guestos
