// Forks that share last-level page tables, so that forking 1 GiB touches 512 entries instead of 262,144.
//
// A pointer to a table has no W bit on RISC-V, so a table cannot be write-protected from above. Instead fork
// takes it out of both trees: the entry that points to it keeps its number but loses V ("detached"), and
// Frame::references of the table counts the entries, detached or not, that point to it. From there:
//
//   attach   the first access of either process to the 2 MiB faults, takes W from the table's entries, unless
//            that has been done since they were last written, and puts V back. Both now only read.
//   own      whoever must change an entry (a store to be resolved, munmap, mprotect, another mapping in the
//            region) copies the table first, unless it is the last that has it.
//
// While a table is shared, its entries do not change, but for A. Law: Frame::references and Frame::maps of a
// page count the TABLES that map it; a table counts once, however many processes share it. So a page is one
// process's own when its count is 1 in a table whose count is 1, and resolving a store asks for the latter
// first. Copies and reuses are then those of plain copy-on-write.
#pragma once

#include "guestos/mm/address_space.hpp"

namespace guestos {

// If the table of `address` is detached, lets hardware get there again; true if it was. With the mutex.
bool attach_table(AddressSpace& space, u64 address);
// Makes the table of `address`, if there is one, this space's own, so that its entries may be changed. False:
// out of memory, nothing has changed. With the mutex.
bool own_table(AddressSpace& space, u64 address);
bool own_tables(AddressSpace& space, u64 start, u64 end);
// Takes out the table of this entry, for everything in its region goes; the caller fences and then calls
// drop_table. False: it is the space's own, and its pages are to be taken out one by one.
bool take_shared_table(AddressSpace& space, Pte* entry, FrameNumber& table);
// One entry less points to it; with the last one its pages lose their reference, too.
void drop_table(FrameNumber table);

// Fork's half. False: out of memory, as share_private_pages. `detached` counts entries of the parent that
// lost V, and `counts`' protected pages those that lost W: then it must fence.
bool share_tables(AddressSpace& parent, AddressSpace& child, ForkCounts& counts);

}  // namespace guestos
