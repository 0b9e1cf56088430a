#include "emu/observe/counter_table.hpp"

#include <iterator>

namespace hartbeat::observe {
namespace {

using Hart = HartFigures;

constexpr Counter<Hart> hart_table[] = {
    {{"instret", "instructions", "Instructions retired; one that traps does not retire."},
     [](const Hart& h) { return h.core.instret; }},
    {{"cycles", "cycles",
      "The hart's clock: guest time since reset, never host time. `--timing none` makes one "
      "instruction one cycle."},
     [](const Hart& h) { return h.core.cycles; }},
    {{"wfi_cycles", "cycles", "Part of `cycles` spent asleep in wfi, wrs.nto or wrs.sto."},
     [](const Hart& h) { return h.core.wfi_cycles; }},
    {{"instret_user", "instructions", "Part of `instret` retired in U-mode."},
     [](const Hart& h) { return h.core.instret_by_privilege[0]; }},
    {{"instret_supervisor", "instructions", "Part of `instret` retired in S-mode."},
     [](const Hart& h) { return h.core.instret_by_privilege[1]; }},
    {{"instret_machine", "instructions", "Part of `instret` retired in M-mode."},
     [](const Hart& h) { return h.core.instret_by_privilege[3]; }},
    {{"cycles_user", "cycles", "Part of `cycles` in U-mode."},
     [](const Hart& h) { return h.core.cycles_by_privilege[0]; }},
    {{"cycles_supervisor", "cycles", "Part of `cycles` in S-mode."},
     [](const Hart& h) { return h.core.cycles_by_privilege[1]; }},
    {{"cycles_machine", "cycles", "Part of `cycles` in M-mode."},
     [](const Hart& h) { return h.core.cycles_by_privilege[3]; }},
    {{"loads", "accesses", "Data loads, LR included, and those that end in a load fault."},
     [](const Hart& h) { return h.core.loads; }},
    {{"stores", "accesses",
      "Data stores, and those that end in a store fault; an AMO is one store, an SC that fails is none."},
     [](const Hart& h) { return h.core.stores; }},
    {{"device_accesses", "accesses", "Loads and stores that reached a device instead of memory."},
     [](const Hart& h) { return h.core.device_accesses; }},
    {{"misaligned", "accesses", "Loads and stores that were not naturally aligned."},
     [](const Hart& h) { return h.core.misaligned; }},
    {{"sc_failed", "instructions", "Store-conditionals that failed."},
     [](const Hart& h) { return h.core.sc_failed; }},
    {{"sfence_vma", "instructions", "Translation fences executed: sfence.vma, sinval.vma."},
     [](const Hart& h) { return h.core.sfence_vma; }},
    {{"fence_i", "instructions", "Instruction fences executed."},
     [](const Hart& h) { return h.core.fence_i; }},
};

constexpr Counter<mmu::TlbCounters> tlb_table[] = {
    {{"hits", "lookups", "Lookups that found an entry, one that forbids the access included."},
     [](const mmu::TlbCounters& t) { return t.hits; }},
    {{"misses", "lookups", "Lookups that found none."}, [](const mmu::TlbCounters& t) { return t.misses; }},
    {{"evictions", "entries", "Live entries that made room for another page."},
     [](const mmu::TlbCounters& t) { return t.evictions; }},
    {{"fences", "fences", "Translation fences that reached this TLB."},
     [](const mmu::TlbCounters& t) { return t.fences; }},
    {{"fence_removed", "entries", "Entries that fences removed."},
     [](const mmu::TlbCounters& t) { return t.fence_removed; }},
    {{"fills", "entries", "Entries put in; one that replaces the same page's counts, too."},
     [](const mmu::TlbCounters& t) { return t.fills; }},
    {{"fill_reach", "bytes",
      "The TLB's reach, the bytes that its entries map (but for global ones: the kernel's, of 1 GiB), added "
      "up "
      "over the fills, each time right after it: divided by `fills` it is the mean reach."},
     [](const mmu::TlbCounters& t) { return t.fill_reach; }},
};

constexpr Counter<mmu::UnitCounters> walker_table[] = {
    {{"walks", "walks", "Page-table walks."}, [](const mmu::UnitCounters& u) { return u.walks; }},
    {{"reads", "PTEs", "Page-table entries read by walks."},
     [](const mmu::UnitCounters& u) { return u.walk_reads; }},
    {{"faults", "walks", "Walks that ended in a page or access fault."},
     [](const mmu::UnitCounters& u) { return u.walk_faults; }},
    {{"rewalks", "walks",
      "Walks after a TLB hit, because the entry forbade the access or A or D was to be set."},
     [](const mmu::UnitCounters& u) { return u.rewalks; }},
    {{"ad_writes", "PTEs", "Page-table entries whose A or D bit the walker set (Svadu)."},
     [](const mmu::UnitCounters& u) { return u.ad_writes; }},
};

constexpr Counter<CopyFigures> copy_table[] = {
    {{"pages", "copies",
      "Pages the kernel copied because a shared one was written; a large one that is copied whole counts "
      "once."},
     [](const CopyFigures& c) { return c.pages; }},
    {{"bytes", "bytes", "Bytes of those copies."}, [](const CopyFigures& c) { return c.bytes; }},
    {{"cycles", "cycles", "Cycles between each copy's begin and end."},
     [](const CopyFigures& c) { return c.cycles; }},
};

constexpr Counter<CopyUseFigures> copy_use_table[] = {
    {{"measured_pages", "copies",
      "Pages of 4 KiB, of copies, that could be compared with their content when their process forked, "
      "exited or "
      "executed another program, or when the run ended."},
     [](const CopyUseFigures& c) { return c.measured_pages; }},
    {{"changed_bytes", "bytes",
      "Bytes of the measured copies that differed by then from what had been copied; the "
      "rest was copied in vain."},
     [](const CopyUseFigures& c) { return c.changed_bytes; }},
};

constexpr Counter<ForkFigures> fork_table[] = {
    {{"count", "forks", "Forks and clones that made a process."},
     [](const ForkFigures& f) { return f.count; }},
    {{"failed", "forks", "Forks that returned an error."}, [](const ForkFigures& f) { return f.failed; }},
    {{"cycles", "cycles", "Cycles between each fork's begin and end."},
     [](const ForkFigures& f) { return f.cycles; }},
    {{"page_table_bytes", "bytes", "Page tables allocated for children by fork."},
     [](const ForkFigures& f) { return f.page_table_bytes; }},
    {{"shared_pages", "pages", "Pages that parent and child shared when fork returned."},
     [](const ForkFigures& f) { return f.shared_pages; }},
    {{"shared_bytes", "bytes", "Bytes of those pages: what an eager fork would have copied."},
     [](const ForkFigures& f) { return f.shared_bytes(); }},
};

using Shootdown = ShootdownFigures;

constexpr Counter<Shootdown> shootdown_table[] = {
    {{"initiated", "shootdowns", "TLB shootdowns with at least one other hart as target."},
     [](const Shootdown& s) { return s.initiated; }},
    {{"avoided", "shootdowns", "Shootdowns that needed no other hart: none could hold the translation."},
     [](const Shootdown& s) { return s.avoided; }},
    {{"targets", "harts", "Harts asked to fence, summed over the shootdowns."},
     [](const Shootdown& s) { return s.targets; }},
    {{"ipis_sent", "interrupts", "Software interrupts raised for targets."},
     [](const Shootdown& s) { return s.ipis_sent; }},
    {{"ipis_received", "harts", "Targets that took the interrupt, or served the request before it came."},
     [](const Shootdown& s) { return s.ipis_received; }},
    {{"acknowledged", "harts", "Targets that acknowledged."},
     [](const Shootdown& s) { return s.acknowledged; }},
    {{"wasted", "harts", "Targets whose fence found no entry to remove."},
     [](const Shootdown& s) { return s.wasted; }},
    {{"completed", "shootdowns", "Shootdowns whose end was seen."},
     [](const Shootdown& s) { return s.completed; }},
    {{"latency", "cycles", "Cycles from begin to end, summed over the completed ones."},
     [](const Shootdown& s) { return s.latency; }},
    {{"latency_most", "cycles", "The longest one."}, [](const Shootdown& s) { return s.latency_most; }},
    {{"target_cycles", "cycles",
      "Cycles of the targets, each from its trap (or its look at the request) to its acknowledgement."},
     [](const Shootdown& s) { return s.target_cycles; }},
    {{"wasted_cycles", "cycles", "Part of `target_cycles` of the wasted targets."},
     [](const Shootdown& s) { return s.wasted_cycles; }},
};

constexpr CounterText phase_table[] = {
    {"send", "cycles", "From the shootdown's begin to the interrupt raised for its slowest target."},
    {"deliver", "cycles", "From there until the target takes the interrupt."},
    {"enter", "cycles", "From there until the target is about to fence."},
    {"fence", "cycles", "From there until its last fence is done."},
    {"acknowledge", "cycles", "From there until it acknowledges."},
    {"resume", "cycles", "From there until the initiator goes on. The six add up to `latency` exactly."},
};

constexpr Counter<FrameStates> frame_table[] = {
    {{"free", "frames", "Frames nobody uses."}, [](const FrameStates& f) { return f.free; }},
    {{"private", "frames", "Frames of processes with one owner."},
     [](const FrameStates& f) { return f.private_pages; }},
    {{"cow_shared", "frames", "Frames that several processes share copy-on-write."},
     [](const FrameStates& f) { return f.cow_shared; }},
    {{"page_cache", "frames", "Frames with file contents."},
     [](const FrameStates& f) { return f.page_cache; }},
    {{"page_table", "frames", "Frames that are page tables."},
     [](const FrameStates& f) { return f.page_table; }},
    {{"kernel", "frames", "Frames of the kernel itself."}, [](const FrameStates& f) { return f.kernel; }},
};

using References = ReferenceFigures;

constexpr Counter<References> reference_table[] = {
    {{"1", "frames", "Frames with one reference: one mapping, or the page cache alone."},
     [](const References& r) { return r.frames[0]; }},
    {{"2", "frames", "Frames with two references."}, [](const References& r) { return r.frames[1]; }},
    {{"3", "frames", "Frames with three."}, [](const References& r) { return r.frames[2]; }},
    {{"4", "frames", "Frames with four."}, [](const References& r) { return r.frames[3]; }},
    {{"5_to_8", "frames", "Frames with five to eight."}, [](const References& r) { return r.frames[4]; }},
    {{"9_and_more", "frames", "Frames with nine and more."}, [](const References& r) { return r.frames[5]; }},
};

using ReferenceTable = ReferenceTableFigures;

constexpr Counter<ReferenceTable> reference_memory_table[] = {
    {{"table_bytes", "bytes", "The table: two bits for every frame."},
     [](const ReferenceTable& t) { return t.table; }},
    {{"side_bytes", "bytes",
      "The side table, with exact counts from three references on, when the kernel last said so."},
     [](const ReferenceTable& t) { return t.side; }},
    {{"most_side_bytes", "bytes", "The side table at its largest."},
     [](const ReferenceTable& t) { return t.most_side; }},
    {{"plain_bytes", "bytes", "What a counter of 32 bits for every frame would take."},
     [](const ReferenceTable& t) { return t.plain; }},
};

using L2 = timing::L2Counters;

constexpr Counter<L2> l2_table[] = {
    {{"read_hits", "requests", "Reads of the I$, the D$ and its walker port that found their line."},
     [](const L2& l) { return l.read_hits; }},
    {{"read_misses", "requests", "Reads that did not."}, [](const L2& l) { return l.read_misses; }},
    {{"write_hits", "requests", "Writes and atomics (the L1s write through) that found their line."},
     [](const L2& l) { return l.write_hits; }},
    {{"write_misses", "requests", "Writes and atomics that did not, and fetched it."},
     [](const L2& l) { return l.write_misses; }},
    {{"merged", "requests", "Part of the hits: the line was still on its way from memory."},
     [](const L2& l) { return l.merged; }},
    {{"writebacks", "lines", "Dirty lines that made room and went to memory."},
     [](const L2& l) { return l.writebacks; }},
    {{"mshr_waits", "cycles",
      "Cycles that misses waited because as many lines as there are MSHRs were on their way."},
     [](const L2& l) { return l.mshr_waits; }},
};

using Dram = timing::DramCounters;

constexpr Counter<Dram> dram_table[] = {
    {{"reads", "transfers", "Reads: of an L2 line, or of what an L1 asks for when there is no L2."},
     [](const Dram& d) { return d.reads; }},
    {{"writes", "transfers", "Writes."}, [](const Dram& d) { return d.writes; }},
    {{"row_hits", "transfers", "Transfers whose row was open in its bank."},
     [](const Dram& d) { return d.row_hits; }},
    {{"row_misses", "transfers", "Transfers that found their bank closed and opened the row."},
     [](const Dram& d) { return d.row_misses; }},
    {{"row_conflicts", "transfers",
      "Transfers that had to close another row first. The three add up to reads and writes."},
     [](const Dram& d) { return d.row_conflicts; }},
    {{"beats", "beats", "Beats of 8 bytes on the data bus."}, [](const Dram& d) { return d.beats; }},
    {{"refresh_waits", "cycles", "Cycles that transfers waited for a refresh to end."},
     [](const Dram& d) { return d.refresh_waits; }},
};

using Large = LargePageFigures;
using enum abi::LargePageEvent;

constexpr Counter<Large> large_page_table[] = {
    {{"filled_64k", "pages", "Pages of 64 KiB made at their first touch."},
     [](const Large& l) { return l.of(0, filled); }},
    {{"filled_2m", "pages", "Pages of 2 MiB made at their first touch."},
     [](const Large& l) { return l.of(1, filled); }},
    {{"fell_back", "pages", "Pages that were to be large, but no such block of frames was free."},
     [](const Large& l) { return l.of(0, fell_back) + l.of(1, fell_back); }},
    {{"split", "pages", "Large pages that one process has gone on mapping by pages of 4 KiB."},
     [](const Large& l) { return l.of(0, split) + l.of(1, split); }},
    {{"copied_64k", "copies", "Copies of a whole page of 64 KiB; they are in `copies`, too."},
     [](const Large& l) { return l.of(0, copied); }},
    {{"copied_2m", "copies", "Copies of a whole page of 2 MiB."},
     [](const Large& l) { return l.of(1, copied); }},
    {{"reused", "pages", "Large pages that their last owner made writable as a whole."},
     [](const Large& l) { return l.of(0, reused) + l.of(1, reused); }},
};

using Inferred = InferredFigures;

constexpr Counter<Inferred> hardware_table[] = {
    {{"page_faults", "exceptions", "Instruction, load and store page faults: causes 12, 13 and 15."},
     [](const Inferred& h) { return h.page_faults; }},
    {{"copies", "pages", "After a store fault another frame was mapped."},
     [](const Inferred& h) { return h.copies; }},
    {{"copied_bytes", "bytes", "Bytes of those pages."}, [](const Inferred& h) { return h.copied_bytes; }},
    {{"reuses", "pages", "After a store fault the same frame was mapped, with W newly set."},
     [](const Inferred& h) { return h.reuses; }},
    {{"fills", "pages", "An invalid PTE had become valid."}, [](const Inferred& h) { return h.fills; }},
    {{"changes", "pages",
      "The PTE had changed in another way: permissions, A or D, another frame without a store "
      "fault."},
     [](const Inferred& h) { return h.changes; }},
    {{"spurious", "faults", "The retry went through an unchanged PTE: a TLB entry had been stale."},
     [](const Inferred& h) { return h.spurious; }},
    {{"undecided", "faults", "The same hart faulted on the page again before anything had changed visibly."},
     [](const Inferred& h) { return h.undecided; }},
    {{"unresolved", "faults", "Never retried: the process was ended, or the page unmapped."},
     [](const Inferred& h) { return h.unresolved; }},
    {{"cycles", "cycles", "From each resolved fault to the walk that showed its resolution."},
     [](const Inferred& h) { return h.cycles; }},
    {{"fences", "instructions", "Translation fences executed."}, [](const Inferred& h) { return h.fences; }},
    {{"empty_fences", "instructions", "Part of `fences` that found no entry to remove."},
     [](const Inferred& h) { return h.empty_fences; }},
    {{"fenced_entries", "entries", "TLB entries that fences removed."},
     [](const Inferred& h) { return h.fenced_entries; }},
    {{"software_interrupts", "interrupts", "Software interrupts raised by device writes: every IPI."},
     [](const Inferred& h) { return h.software_interrupts; }},
};

constexpr CounterText resolution_table[abi::fault_resolution_count] = {
    {"cow_copy", "faults", "A write to a shared frame: copied."},
    {"cow_reuse", "faults", "A write by the frame's last owner: made writable in place."},
    {"demand_zero", "faults", "First touch of anonymous memory."},
    {"file_fill", "faults", "Filled from, or mapped from, a file or the ELF."},
    {"stack_grow", "faults", "First touch below the stack's end."},
    {"swap_in", "faults", "Read back from swap."},
    {"ad_update", "faults", "Svade: the kernel set A or D."},
    {"spurious", "faults", "The PTE already allowed the access: a stale translation, fenced locally."},
    {"protection", "faults", "Not allowed: the process gets a signal."},
    {"table_attach", "faults", "First access to 2 MiB whose page table a fork had taken out to share it."},
    {"zero_copy", "faults", "A write to the shared zero page: a zeroed frame of its own."},
};

constexpr CounterText step_table[] = {
    {"entry", "cycles", "From the trap until the kernel begins with the fault."},
    {"lookup", "cycles",
     "From there until it knows that it must copy; of a fault that copies nothing: all of its work."},
    {"allocate", "cycles", "From there until it has a frame."},
    {"copy", "cycles", "From there until the bytes are copied."},
    {"fence", "cycles",
     "From there until the last hart has dropped the old translation: map, shootdown, fence."},
    {"return", "cycles",
     "From there until the return from the trap (or another process gets the hart). The six add up to the "
     "fault's cycles exactly."},
};

constexpr CounterText stall_table[] = {
    {"issued", "cycles", "An instruction was issued."},
    {"icache_miss", "cycles", "Nothing to issue: the I$ waits for memory."},
    {"itlb_walk", "cycles", "Nothing to issue: the fetch address is being walked."},
    {"fetch_bubble", "cycles", "Nothing to issue: a taken branch, or refilling after the queue ran dry."},
    {"mispredict", "cycles", "Nothing to issue: the wrong path was dropped."},
    {"raw", "cycles", "An operand is being computed."},
    {"load_use", "cycles", "An operand is being loaded and hits the D$."},
    {"load_miss", "cycles", "An operand or the unit waits for a line from memory."},
    {"dtlb_walk", "cycles", "The load/store unit waits for a translation."},
    {"unit_busy", "cycles",
     "The functional unit is taken: divider, multiplier's port, FPU, load/store queue; or a branch or jump "
     "before it is not resolved yet."},
    {"store_buffer", "cycles", "Commit waits for room in the store buffer."},
    {"atomic", "cycles", "An atomic is at commit."},
    {"fence", "cycles",
     "A fence or a CSR instruction is at commit, a fence until the stores before it are done; or the I$ is "
     "being cleared."},
    {"csr_flush", "cycles", "Nothing to issue: the pipeline restarts after a CSR write or fence."},
    {"trap", "cycles", "Nothing to issue: the pipeline restarts after a trap or xRET."},
    {"wfi", "cycles", "Asleep."},
    {"reset", "cycles", "The caches clear themselves after reset."},
};
static_assert(std::size(stall_table) == timing::stall_names.size());

}  // namespace

std::span<const CounterText> stall_texts() { return stall_table; }
std::span<const Counter<HartFigures>> hart_counters() { return hart_table; }
std::span<const Counter<mmu::TlbCounters>> tlb_counters() { return tlb_table; }
std::span<const Counter<mmu::UnitCounters>> walker_counters() { return walker_table; }
std::span<const Counter<CopyFigures>> copy_counters() { return copy_table; }
std::span<const Counter<CopyUseFigures>> copy_use_counters() { return copy_use_table; }
std::span<const Counter<ForkFigures>> fork_counters() { return fork_table; }
std::span<const Counter<ShootdownFigures>> shootdown_counters() { return shootdown_table; }
std::span<const Counter<FrameStates>> frame_counters() { return frame_table; }
std::span<const Counter<ReferenceFigures>> reference_counters() { return reference_table; }
std::span<const Counter<ReferenceTableFigures>> reference_table_counters() { return reference_memory_table; }
std::span<const Counter<LargePageFigures>> large_page_counters() { return large_page_table; }
std::span<const Counter<InferredFigures>> hardware_counters() { return hardware_table; }
std::span<const Counter<timing::L2Counters>> l2_counters() { return l2_table; }
std::span<const Counter<timing::DramCounters>> dram_counters() { return dram_table; }
std::span<const CounterText> fault_resolutions() { return resolution_table; }
std::span<const CounterText> shootdown_phase_texts() { return phase_table; }
std::span<const CounterText> fault_step_texts() { return step_table; }

}  // namespace hartbeat::observe
