// A user address space: which ranges mean what (Vma), the page table that says what is there already, and who
// uses it.
#pragma once

#include "guestos/mm/heap.hpp"
#include "guestos/mm/page_table.hpp"
#include "guestos/proc/wait_queue.hpp"

namespace guestos {

struct Inode;
struct Leaf;
struct Pin;

// A range of pages with one meaning. Memory of a file (inode != nullptr) or zeros at first.
struct Vma {
  u64 start = 0;
  u64 end = 0;
  u64 protection = 0;  // PROT_*
  bool shared = false;
  bool grows_down = false;
  bool committed = false;        // its pages are counted as promised (commit.hpp)
  bool no_reserve = false;       // MAP_NORESERVE
  bool locked = false;           // mlock: its pages stay (reclaim.hpp)
  bool wiped = false;            // MADV_WIPEONFORK: a child begins with zeros here
  bool unwritable = false;       // for ever: a shared mapping of a file open for reading
  u8 page_order = 0;             // its pages are to be of 2^page_order times 4 KiB (large_page.hpp)
  Inode* inode = nullptr;        // a reference is held
  u64 offset = 0;                // in the file, of `start`
  u64 file_end = ~u64{0};        // address where the file's bytes end and zeros begin (an ELF segment's bss)
  FrameNumber frame = no_frame;  // the kernel's own page (the signal trampoline), mapped as it is
  u64 moved = 0;                 // by how much mremap has moved it down, in bytes (reverse_map.hpp)
  Links<Vma> links = {};

  u64 pages() const { return (end - start) >> page_bits; }
  // Fork gives the child its pages. Shared ones it finds in the page cache when it touches them.
  bool is_carried_over() const { return !shared && !wiped; }
  u64 page_index(u64 address) const { return (offset + (address - start)) >> page_bits; }
  bool operator==(const Vma&) const = default;
};

using VmaList = List<Vma, &Vma::links>;
inline constexpr u64 most_ranges = 65530;  // of an address space: Linux's max_map_count

class AddressSpace {
 public:
  // nullptr when memory is exhausted. One reference.
  static AddressSpace* make();
  // False: it is about to be taken down. With the mutex, which that waits for.
  bool add_reference_if_used();
  void add_reference() { __atomic_fetch_add(&references_, 1, __ATOMIC_RELAXED); }
  // The last reference unmaps and frees everything; it must not be active on any hart then. May sleep.
  void drop_reference();
  u32 references() const { return __atomic_load_n(&references_, __ATOMIC_RELAXED); }

  u64 family = 0;  // the same number for all that descend from one execve by fork (reverse_map.hpp)
  FrameNumber root = no_frame;
  u64 asid = 0;
  u64 asid_generation = 0;
  u64 active = 0;  // harts that translate with it now
  u64 stale = 0;   // harts that must fence before they do so again

  Links<AddressSpace> all = {};

  // Everything below wants `mutex` held.
  Mutex mutex;
  VmaList vmas;                           // by address, never overlapping
  u64 range_count = 0;                    // of them
  u64 stack_limit = default_stack_limit;  // RLIMIT_STACK
  u64 brk_start = 0;
  u64 brk = 0;
  u64 resident = 0;          // entries in use: pages mapped, and pages in swap
  bool lock_future = false;  // mlockall(MCL_FUTURE): new ranges are locked
  bool fill_future = false;  // and filled at once, without MCL_ONFAULT
  Pin* pins = nullptr;       // newest first (pin.hpp)
  Inode* program = nullptr;  // a reference is held, and counted in Inode::running
  void set_program(Inode* inode);

  Vma* find(u64 address) const;       // the range that contains it
  Vma* find_from(u64 address) const;  // the first range that ends above it
  // A new range like this one, which overlaps none, with its promise and a reference to its file; or a part of its
  // neighbours, if these say the same. 0 or -ENOMEM.
  i64 add(const Vma& pattern);
  // Makes one range of those that meet in [start, end] and say the same.
  void join(u64 start, u64 end);
  // An unmapped range of `size` bytes at a multiple of `alignment`, as high as possible below mmap_top; 0 when
  // there is none.
  u64 find_gap(u64 size, u64 alignment = page_size) const;
  bool is_free(u64 start, u64 end) const;
  bool is_mapped(u64 start, u64 end) const;  // every page of it
  // Cuts ranges, and the large pages in them, so that none crosses start or end. ENOMEM (negative) leaves all as it was.
  i64 split_at(u64 start, u64 end);
  // Removes every mapping in [start, end). 0 or -ENOMEM (a range or a shared page table had to be cut).
  i64 unmap(u64 start, u64 end);
  // Drops the pages, keeps the ranges (MADV_DONTNEED). 0 or -ENOMEM (a shared page table had to be copied).
  i64 discard(u64 start, u64 end);
  i64 protect(u64 start, u64 end, u64 protection);
  // Moves pages and range [from, from + size), exactly one Vma, to the free range at `to`.
  i64 move(Vma* vma, u64 to, u64 new_size);

 private:
  void insert(Vma* after, Vma* vma);
  void remove(Vma* vma);
  void join_from(Vma* low, u64 end);
  bool own_edges(u64 start, u64 end);
  bool commit_writable(u64 start, u64 end, u64 protection);
  void release_vma(Vma* vma);

  u32 references_ = 1;
};

// Every one that has a root, whoever uses it; with the lock, or when the machine is stopped.
extern SpinLock all_spaces_lock;
extern List<AddressSpace, &AddressSpace::all> all_spaces;

// The permission bits a leaf of this range may have; W only as far as the caller knows it is nobody else's
// page.
Pte leaf_flags(const Vma& vma, bool writable);
// A child's copy of `parent` for fork, with the parent's mutex taken inside. nullptr: out of memory, the
// parent is intact.
struct ForkCounts {
  u64 table_frames = 0;     // page-table frames allocated for the child
  u64 shared_pages = 0;     // pages that both now have
  u64 shared_tables = 0;    // last-level tables that both now have
  u64 protected_pages = 0;  // entries of the parent that lost W: it must fence
  u64 detached_tables = 0;  // entries of the parent that lost V: likewise
};
// One result, three ways (boot argument fork=, or per call by CLONE_HARTBEAT_*): copy every page now; share
// pages and copy those that are written; share the last-level page tables, too.
enum class ForkMechanism : u8 { cow, eager, shared_tables };
AddressSpace* fork_address_space(AddressSpace& parent, ForkMechanism mechanism, ForkCounts& counts);

}  // namespace guestos
