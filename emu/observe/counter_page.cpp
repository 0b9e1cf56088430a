// docs/counters.md, from the table and the schema's few words around it.
#include "emu/observe/counter_table.hpp"
#include "emu/observe/json_report.hpp"
#include "emu/observe/observation.hpp"

namespace hartbeat::observe {
namespace {

void add_row(std::string& page, const CounterText& text) {
  page += "| `" + std::string(text.key) + "` | " + std::string(text.unit) + " | " +
          std::string(text.sentence) + " |\n";
}

template <class Entry>
const CounterText& text_of(const Entry& entry) {
  if constexpr (requires { entry.text; }) {
    return entry.text;
  } else {
    return entry;
  }
}

template <class Entries>
void add_section(std::string& page, std::string_view title, std::string_view words, const Entries& entries) {
  page += "\n## " + std::string(title) + "\n\n" + std::string(words) +
          "\n\n| key | unit | meaning |\n|---|---|---|\n";
  for (const auto& entry : entries) add_row(page, text_of(entry));
}

constexpr CounterText top_level[] = {
    {"schema", "",
     "Version of this format. It grows by one when a key changes its meaning or goes; new keys keep it."},
    {"program, arguments, machine, memory_bytes", "", "What was run on what."},
    {"exit_status, ending", "", "The guest's exit status, and why the run ended, as a sentence."},
    {"timing.model, timing.statement", "", "The cycle model, and what it means, as a sentence."},
    {"timing.parts[]", "",
     "With a cycle model: which part of the run was how (`functional before`, `warming`, `cycle-accurate`, "
     "`functional after`), with `instret` and `cycles` of all harts."},
    {"configuration", "",
     "What made the run: `isa`, `overrides` of --set and the like, `kernel_command_line`, `tlbs[]` of each "
     "hart "
     "(`name`, `entries`, `ways`), and the machine's file (`machine_file`, TOML)."},
    {"elapsed_cycles", "cycles", "From reset to the end: the furthest hart's clock."},
    {"harts[], total", "", "What each hart counted, and the sums."},
    {"processes[]", "",
     "The same by process, as the guest kernel's tracepoints name them; they add up to `total`."},
    {"kernel", "", "The guest kernel's own story from its tracepoints; null when it tells none."},
    {"costs", "cycles",
     "What a fork, a copy-on-write fault that copies, the copy of the page in it, a reuse, a demand-zero "
     "fault and a "
     "shootdown took, from tracepoint to tracepoint: `count`, `cycles`, `cycles_each`."},
    {"memory_system.l2, .dram", "",
     "What a cycle model's shared L2 and DRAM counted, all harts together; null where the machine has none."},
    {"hardware", "", "What the hardware alone shows of the same, on any kernel."},
    {"comparison", "", "Both stories side by side; null when there is one only."},
    {"faults", "", "Page faults one by one."},
    {"sharing.moments[]", "",
     "Who shared which frames before and after the run's first copy-on-write faults: `cycle`, `pid` that "
     "writes, "
     "`page`, `what` happens in words, and `processes[]` with the `pages[]` around it: `page`, `frame`, "
     "`writable`, read from the guest's page tables at that moment."},
    {"timeline.spans[], .left_out", "cycles",
     "What each `hart` did: `kind` (process, fault, fork, shootdown), `begin`, `end`, `pid`, `name`."},
    {"walks", "walks",
     "Page-table walks by region and time: `regions[]` of 2 MiB (`first` address) with `walks` in each of 64 "
     "bins "
     "of `cycles_per_bin`, and `again`: those of a page that had been walked for before, so that the TLB had "
     "lost "
     "it; `pages`: different pages; `walks_left_out`: of regions with fewer walks."},
};

constexpr CounterText process_keys[] = {
    {"kind", "",
     "`boot` (before the first switch), `kernel` (pid 0: the kernel itself, and idle), or `process`."},
    {"pid, parent, name", "", "Numbers as the guest sees them; the name is that of the program it executes."},
    {"wait_status", "", "As wait4 gives it (exit status × 256, or the signal); null while it lives."},
    {"ran", "", "What harts counted while they ran it: the counters of `harts[]`."},
    {"faults, copies, forks", "", "Its part of the kernel's story, see there."},
    {"system_calls", "calls", "System calls it made."},
    {"shootdowns", "shootdowns", "TLB shootdowns it initiated, with at least one other hart as target."},
};

constexpr CounterText kernel_keys[] = {
    {"cow_pages[]", "",
     "Copies and reuses by virtual page, all processes together: ranges of pages with the same counts "
     "(`first` address, number of `pages`, `copies` and `reuses` of each). `hardware.cow_pages[]` is the "
     "same as the hardware saw it."},
    {"system_calls", "calls", "System calls entered."},
    {"unknown_system_calls[]", "calls",
     "Calls answered with ENOSYS: number, name, count, and the first pid."},
    {"fault_message_count, fault_messages[]", "faults",
     "Genuine faults: pid, address, cause, pc, signal; the first 16."},
    {"frames.total, .free_at_boot, .free_at_end", "frames",
     "Of 4 KiB, after the kernel has booted and after every process has gone."},
    {"frames.at_boot, .last, .most_shared", "frames",
     "Frames by state as first and last reported, and when most were shared copy-on-write. The kernel "
     "reports "
     "at boot, after each fork, before each process gives its memory back, at the end, and when a program "
     "asks for it (system call 504)."},
    {"frames.refcounts.at_boot, .last, .most_shared", "frames",
     "At the same moments, how often frames are referenced; most_shared: when sharing saved most frames."},
    {"swap.slots, .free_at_boot, .free_at_end", "pages",
     "Of the swap disk, after the kernel has booted and after every process has gone; slots are 0 without "
     "swap."},
    {"swap.evicted, .written, .shared", "pages",
     "Frames taken from their users; how many of them had to be written to the disk; how many of them "
     "several "
     "page-table entries mapped. What came back is `faults.count.swap_in`."},
    {"out_of_memory_kills[]", "processes",
     "Killed because memory had run out: pid, its pages, its score (thousandths of all memory), and the pid "
     "that "
     "needed a frame."},
    {"shutdown_status", "", "The status the kernel ended with; null when it did not."},
};

constexpr CounterText cow_keys[] = {
    {"cycles", "cycles",
     "Of each copy-on-write fault that copied, from the trap to the return: `count`, `sum`, and the "
     "percentiles `p50`, `p90`, `p99`, `max` (nearest rank)."},
    {"steps.STEP", "cycles", "The same of each step (below)."},
    {"sites[]", "",
     "By instruction, most cycles first: `program`, `pc`, its `symbol` (of C++ without parameters) and "
     "source `line` when "
     "the program has them, and the sums `copies`, `bytes`, `cycles`, `steps`, `measured_pages`, "
     "`changed_bytes`, and "
     "`amplification` = bytes of the measured pages / changed bytes. `system_call`: a copy that the kernel "
     "made "
     "without a fault (pc 0)."},
    {"lines[], programs[]", "", "The same by source line and by program."},
    {"forks[]", "",
     "`number` from 1, `parent`, `child` (null: none was made), cycles of its `begin` and `end`."},
    {"pages[]", "", "By virtual page, of the measured copies: `page` address, `changed_bytes`."},
    {"copies[], copies_left_out", "",
     "The run's first copies one by one: `fault` (its number), `pid`, `hart`, `cycle` of the trap, `site` "
     "(index), "
     "`page`, `range` (the mapping: `first`, `end`, `protection` as PROT_*, `kind`, `references` of the "
     "shared "
     "frame), frames `source` and `destination`, `fork` that had made the page shared, or was under way "
     "(null: none, it was a "
     "file's), `cycles`, `steps`, `changed_bytes` (null: not measured); and how many more there were."},
};

constexpr CounterText shootdown_lists[] = {
    {"spread.latency, spread.PHASE", "cycles", "`count`, `sum`, `p50`, `p90`, `p99`, `max` (nearest rank)."},
    {"events[], events_left_out", "",
     "The run's first shootdowns of other harts one by one: `id`, `pid`, initiating `hart`, `cycle` of its "
     "begin, "
     "`first` address (null: all) and `pages`, `phases` of the `slowest` target, and `targets`: `hart`, "
     "entries "
     "`removed` (0: asked in vain), cycles `busy`; and how many more there were."},
};

constexpr CounterText fault_list_keys[] = {
    {"count, left_out", "faults", "Page faults of the run, and how many of them are not in the list."},
    {"list[]", "",
     "`number` from 1, `hart`, `cycle`, `pid`, `program`, `cause`, `address`, `pc`, `walk` (each PTE read, "
     "and the "
     "`check` that failed), `resolution`, frames before and after, `signal`, `cycles` from the trap to the "
     "return, "
     "its `steps`, and the `explanation` in words. The first ones, those that ended in a signal, and the one "
     "of "
     "--explain."},
};

constexpr CounterText comparison_keys[] = {
    {"agree", "", "Whether every row agrees."},
    {"rows[]", "",
     "What is compared, the kernel's number and the hardware's, and by how much either may be larger for "
     "want of a retry to look at (`kernel_excess`, `hardware_excess`)."},
};

void add_harts(std::string& page) {
  add_section(page, "The document", "In this order:", top_level);
  add_section(page, "Harts: `harts[]`, `total`, `processes[].ran`",
              "Beside these, `ipc` = instret / cycles, and `exceptions` and `interrupts`: traps taken, by "
              "the names of the\n"
              "privileged specification; a name that is absent is 0.",
              hart_counters());
  add_section(page, "TLBs: `….tlb.itlb`, `.dtlb`, `.l2`", "", tlb_counters());
  add_section(page, "Walker: `….walker`", "", walker_counters());
  add_section(
      page, "Where the cycles went: `….stalls`",
      "Under a cycle model (else null): every cycle of a hart has exactly one cause, and the causes add up "
      "to the "
      "cycles\nthat the model has counted. `all`, and the same of each privilege: `user`, `supervisor`, "
      "`machine`.",
      stall_texts());
}

void add_faults_and_copies(std::string& page) {
  add_section(page, "Processes: `processes[]`", "In the order in which they appeared.", process_keys);
  add_section(page, "Kernel: `kernel`", "From tracepoints (`guestos/abi/tracepoints.hpp`).", kernel_keys);
  add_section(page, "Page faults: `kernel.faults`",
              "How the kernel resolved each fault: `count.KEY`, and `cycles.KEY` from its begin to its end.",
              fault_resolutions());
  add_section(page, "Copies: `kernel.copies`", "", copy_counters());
  for (const auto& counter : copy_use_counters()) add_row(page, counter.text);
  add_section(page, "Copies, one by one and by place: `kernel.cow`",
              "Lists have at most " + std::to_string(list_limit) + " entries; sums are complete.", cow_keys);
  add_section(page, "Steps of a page fault: `….steps`",
              "A moment that nobody reports coincides with the next one.", fault_step_texts());
  add_section(page, "Large pages: `kernel.large_pages`", "", large_page_counters());
  add_section(page, "Forks: `kernel.forks`", "", fork_counters());
}

void add_shootdowns_and_frames(std::string& page) {
  add_section(page, "TLB shootdowns: `kernel.shootdowns`", "", shootdown_counters());
  for (const CounterText& text : shootdown_lists) add_row(page, text);
  add_section(page, "Where a shootdown's cycles go: `kernel.shootdowns.phases`",
              "For its slowest target, summed. A moment that nobody reports coincides with the next one.",
              shootdown_phase_texts());
  add_section(page, "Frames: `kernel.frames.at_boot`, `.last`, `.most_shared`",
              "They add up to the frames the kernel manages.", frame_counters());
  add_section(
      page, "References: `kernel.frames.refcounts.at_boot`, `.last`, `.most_shared`",
      "Frames in the states private, cow_shared, page_cache and page_table, by their reference count: "
      "a mapping, the\n"
      "page cache and a pin are a reference each; for a page table, each process that uses it.",
      reference_counters());
  add_section(page, "Memory of the reference counts: `kernel.frames.refcounts.table`", "",
              reference_table_counters());
}

void add_hardware(std::string& page) {
  add_section(page, "L2: `memory_system.l2`", "In the cycle-accurate part of the run.", l2_counters());
  add_section(page, "DRAM: `memory_system.dram`", "In the cycle-accurate part of the run.", dram_counters());
  add_section(page, "Hardware: `hardware`",
              "Inferred from traps, walks and fences: the PTE that a fault met, against what the next walk "
              "of the page\n"
              "found. Needs no cooperation of the guest.",
              hardware_counters());
  add_section(page, "Comparison: `comparison`", "", comparison_keys);
  add_section(page, "Page faults one by one: `faults`", "", fault_list_keys);
}

}  // namespace

std::string counters_markdown() {
  std::string page =
      "# Counters\n\n"
      "Every counter of `hartbeat run --stats json` and of the text report, defined once: this page is "
      "generated from\n"
      "`emu/observe/counter_table.cpp`, and a test compares the two. Identical runs give identical bytes; no "
      "host time\n"
      "is in a report. Numbers are totals over the run.\n\n"
      "Schema version: " +
      std::to_string(json_schema_version) + ".\n";
  add_harts(page);
  add_faults_and_copies(page);
  add_shootdowns_and_frames(page);
  add_hardware(page);
  return page;
}

}  // namespace hartbeat::observe
