// The guest kernel's story, told by HINT instructions: the one list of tracepoints, for the kernel that emits them
// and for the emulator that reads them. Freestanding: includes nothing but <cstdint>.
//
// A tracepoint is `slti x0, x0, NUMBER` (HINT space that the ISA leaves for custom use): one instruction, no memory
// traffic, a no-op on QEMU and on silicon. Its arguments are what a0..a5 hold at that instruction.
// NUMBER 0 is never used; unknown numbers are ignored by every reader.
#pragma once

#include <cstdint>

namespace hartbeat::abi {

enum class Tracepoint : std::uint16_t {
  boot_done = 1,       // free_frames, total_frames: all start-up allocation is over, init is about to run
  shutdown = 2,        // free_frames, exit_status: every process is gone
  process_switch = 3,  // pid, tid, asid: this hart now runs for that process (pid 0: the kernel, idle)
  process_name = 4,    // pid, then 32 bytes of name in a1..a4, little-endian, zero-padded (after exec)
  fork_begin = 5,      // parent pid
  fork_end = 6,  // parent pid, child pid or -errno, page-table bytes allocated, pages now shared, frame of
                 // the child's root page table
  exit = 7,      // pid, wait status as wait4 gives it
  syscall_enter = 8,     // pid, number
  syscall_exit = 9,      // pid, number, result
  syscall_unknown = 10,  // pid, number: answered ENOSYS
  fault_begin = 11,      // pid, virtual address, scause, sepc
  fault_end = 12,   // pid, virtual address, FaultResolution, frame before (ppn or 0), frame after (ppn or 0)
  copy_begin = 13,  // pid, virtual address, source ppn, destination ppn, bytes
  copy_end = 14,    // pid, virtual address, source ppn, destination ppn, bytes
  // id (unique per boot), pid, first virtual address (or ~0 for all), pages, mask of target harts
  shootdown_begin = 15,
  shootdown_end = 16,    // id, pid: every target has acknowledged
  shootdown_fence = 17,  // id or 0: this hart is about to fence for somebody else (in the IPI handler)
  shootdown_ack = 18,    // id or 0: this hart has fenced and acknowledges
  frames = 19,  // free, private, cow_shared, page_cache, page_table, kernel: frames by state, sum = total
  // pid, virtual address, scause, sepc, signal: a genuine fault, the process is told by a signal
  fault_message = 20,
  frame_references = 21,  // private, shared, page-cache and page-table frames with 1, 2, 3, 4, 5 to 8, and
                          // more references
  // bytes of the compressed reference counts, of their side table, of it at most so far, and bytes that a counter of
  // 32 bits for each frame would take
  reference_table = 23,
  // pid (of who needed memory, where reclaim splits), virtual address, log2 of its pages of 4 KiB, LargePageEvent, first
  // frame
  large_page = 22,
  // pid, virtual address, first and end address of its range, range flags, references of its frame: the lookup is over,
  // this store needs a frame of its own
  copy_decided = 24,
  oom_kill = 32,    // pid, its pages, its score (thousandths of all memory), pid of who needed memory
  swap_out = 33,    // frame, slot, 1 if it had to be written, entries that mapped it
  swap_slots = 34,  // slots, free ones: at boot_done, and before shutdown
};

// Range flags of copy_decided: PROT_* in the lowest three bits.
inline constexpr std::uint64_t range_protection = 7, range_grows_down = 8, range_of_file = 16;

// How a page fault was resolved; the names of the report (README, "Counters").
enum class FaultResolution : std::uint8_t {
  cow_copy = 0,     // shared frame, copied
  cow_reuse = 1,    // last owner, made writable in place
  demand_zero = 2,  // first touch of anonymous memory
  file_fill = 3,    // filled from (or mapped from) a file or the ELF
  stack_grow = 4,   // first touch below the stack's end
  swap_in = 5,
  ad_update = 6,   // Svade: accessed or dirty bit set by the kernel
  spurious = 7,    // the PTE already allows it: a stale translation
  protection = 8,  // not allowed: signal
  // fork=shared-tables: the first access to 2 MiB whose page table fork had taken out of the tree
  table_attach = 9,
  zero_copy = 10,  // a store to what was the shared zero page so far: a page of its own
};
inline constexpr unsigned fault_resolution_count = 11;

// What became of a page of 64 KiB or 2 MiB.
enum class LargePageEvent : std::uint8_t {
  filled = 0,     // first touch: mapped as a whole
  fell_back = 1,  // first touch: no such block of frames is free; 4 KiB instead
  split = 2,      // now mapped by pages of 4 KiB
  copied = 3,     // a write to a shared one: copied as a whole
  reused = 4,     // a write by its last owner: made writable as a whole
};
inline constexpr unsigned large_page_event_count = 5;

}  // namespace hartbeat::abi
