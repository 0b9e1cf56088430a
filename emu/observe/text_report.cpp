#include "emu/observe/text_report.hpp"

#include <algorithm>
#include <numeric>

#include "emu/observe/counter_table.hpp"
#include "emu/observe/cycle_stack.hpp"
#include "emu/observe/syscall_names.hpp"
#include "emu/observe/text_parts.hpp"
#include "emu/observe/text_table.hpp"
#include "emu/observe/trap_names.hpp"

namespace hartbeat::observe {
namespace {

using enum TextTable::Align;

// What is longer ends in a line that says how much was left out.
constexpr std::size_t most_processes = 10;
constexpr std::size_t most_harts_side_by_side = 8;
constexpr std::size_t most_harts = 16;
constexpr std::size_t most_copy_places = 5;

void add_hart(TextTable& table, const std::string& name, const HartFigures& hart) {
  const mmu::UnitCounters& mmu = hart.translation;
  table.row({name, grouped(hart.core.instret), grouped(hart.core.cycles),
             quotient(hart.core.instret, hart.core.cycles, 3),
             percent(hart.core.wfi_cycles, hart.core.cycles), grouped(mmu.itlb.hits),
             grouped(mmu.itlb.misses), grouped(mmu.dtlb.hits), grouped(mmu.dtlb.misses), grouped(mmu.walks)});
}

std::string harts(const Report& report) {
  TextTable table;
  table.column("hart").column("instret").column("cycles").column("IPC").column("in wfi").column("I-TLB hits");
  table.column("misses").column("D-TLB hits").column("misses").column("walks");
  for (std::size_t hart = 0; hart < std::min(report.harts.size(), most_harts); ++hart) {
    add_hart(table, std::to_string(hart), report.harts[hart]);
  }
  std::string more;
  if (report.harts.size() > most_harts)
    more = "  … " + counted(report.harts.size() - most_harts, "more hart") + "\n";
  if (report.harts.size() > 1) add_hart(table, "all", report.total);
  return "\nHarts\n" + table.text() + more;
}

struct TrapRow {
  std::string name;
  bool interrupt;
  std::size_t code;
  std::uint64_t count;
};

std::uint64_t count_of(const HartFigures& hart, const TrapRow& row) {
  return row.interrupt ? hart.core.interrupts[row.code] : hart.core.exceptions[row.code];
}

std::string traps(const Report& report) {
  std::vector<TrapRow> rows;
  const HartCounters& total = report.total.core;
  for (std::size_t code = 0; code < total.exceptions.size(); ++code) {
    if (total.exceptions[code] != 0)
      rows.push_back({exception_name(code), false, code, total.exceptions[code]});
  }
  for (std::size_t code = 0; code < total.interrupts.size(); ++code) {
    if (total.interrupts[code] == 0) continue;
    rows.push_back({interrupt_name(code) + " interrupt", true, code, total.interrupts[code]});
  }
  if (rows.empty()) return "\nTraps: none\n";
  std::stable_sort(rows.begin(), rows.end(),
                   [](const TrapRow& a, const TrapRow& b) { return a.count > b.count; });
  const bool side_by_side = report.harts.size() > 1 && report.harts.size() <= most_harts_side_by_side;
  TextTable table;
  table.column("trap", left).column("all");
  for (std::size_t hart = 0; side_by_side && hart < report.harts.size(); ++hart) {
    table.column("hart " + std::to_string(hart));
  }
  for (const TrapRow& row : rows) {
    std::vector<std::string> cells = {row.name, grouped(row.count)};
    for (std::size_t hart = 0; side_by_side && hart < report.harts.size(); ++hart) {
      cells.push_back(grouped(count_of(report.harts[hart], row)));
    }
    table.row(cells);
  }
  return "\nTraps\n" + table.text();
}

std::string faults(const KernelFigures& kernel) {
  std::vector<unsigned> order(abi::fault_resolution_count);
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](unsigned a, unsigned b) { return kernel.faults.cycles[a] > kernel.faults.cycles[b]; });
  TextTable table;
  table.column("page fault resolved by", left)
      .column("faults")
      .column("cycles")
      .column("each")
      .column("", left);
  for (const unsigned i : order) {
    const std::uint64_t count = kernel.faults.count[i], cycles = kernel.faults.cycles[i];
    if (count == 0) continue;
    table.row({std::string(fault_resolutions()[i].key), grouped(count), grouped(cycles),
               quotient(cycles, count, 0), std::string(fault_resolutions()[i].sentence)});
  }
  if (table.empty()) return "\nPage faults: none\n";
  return "\nPage faults, as the kernel tells it\n" + table.text();
}

std::string copies(const Report& report) {
  const CopyFigures& copies = report.kernel.copies;
  std::string text = "  copies      " + counted(copies.pages, "page");
  if (copies.pages == 0) return text + "\n";
  text += ", " + byte_size(copies.bytes) + ", " + counted(copies.cycles, "cycle");
  const CopyUseFigures& use = report.copy_use;
  if (use.measured_pages != 0) {
    text += "; changed afterwards: " + counted(use.changed_bytes, "byte") + " of " +
            counted(use.measured_pages, "page");
  }
  return text + "\n" + copy_places(report.cow, most_copy_places);
}

std::string forks(const KernelFigures& kernel) {
  const ForkFigures& forks = kernel.forks;
  std::string text = "  forks       " + grouped(forks.count);
  if (forks.count != 0) {
    text += ", " + counted(forks.cycles, "cycle") + "; " + byte_size(forks.page_table_bytes) +
            " of page tables, against " + byte_size(forks.shared_bytes()) +
            " that an eager fork would have copied";
  }
  if (forks.failed != 0) text += "; " + grouped(forks.failed) + " failed";
  return text + "\n";
}

// What has happened to pages of 64 KiB and 2 MiB, if anything has.
std::string large_pages(const LargePageFigures& figures) {
  std::string text;
  for (const auto& counter : large_page_counters()) {
    if (counter.read(figures) == 0) continue;
    std::string key(counter.text.key);
    std::replace(key.begin(), key.end(), '_', ' ');
    text += (text.empty() ? "  large pages " : ", ") + grouped(counter.read(figures)) + " " + key;
  }
  return text.empty() ? text : text + "\n";
}

std::string shootdowns(const ShootdownFigures& figures) {
  std::string text =
      "  shootdowns  " + grouped(figures.initiated) + " initiated, " + grouped(figures.avoided) + " avoided";
  if (figures.initiated == 0) return text + "\n";
  text += "; IPIs " + grouped(figures.ipis_sent) + " sent, " + grouped(figures.ipis_received) +
          " received, " + grouped(figures.acknowledged) + " acknowledged, " + grouped(figures.wasted) +
          " wasted (" + percent(figures.wasted_cycles, figures.target_cycles) + " of the targets' cycles)\n";
  text += "              latency p50 " + grouped(figures.latencies.percentile(50)) + ", p90 " +
          grouped(figures.latencies.percentile(90)) + ", p99 " + grouped(figures.latencies.percentile(99)) +
          ", most " + grouped(figures.latency_most) + " cycles; on average " +
          quotient(figures.latency, figures.completed, 0) + " =";
  for (std::size_t i = 0; i < figures.phases.size(); ++i) {
    text += std::string(i == 0 ? " " : " + ") + std::string(shootdown_phases[i]) + " " +
            quotient(figures.phases[i], figures.completed, 0);
  }
  return text + "\n";
}

// How often frames were referenced when sharing saved most.
std::string references(const FrameFigures& frames) {
  const auto& most = frames.references.most_shared;
  if (!most || most->saved() == 0) return {};
  std::string text = "  references ";
  const char* separator = " ";
  for (const auto& counter : reference_counters()) {
    if (counter.read(*most) == 0) continue;
    std::string key(counter.text.key);
    std::replace(key.begin(), key.end(), '_', ' ');
    text +=
        separator + grouped(counter.read(*most)) + (separator[0] == ' ' ? " frames with " : " with ") + key;
    separator = ", ";
  }
  text += ", when sharing saved most\n";
  if (const auto& table = frames.references.table)
    text += "              their counts took " + grouped(table->table + table->most_side) +
            " bytes at most, " + grouped(table->most_side) +
            " of them for three and more; 32 bits each would be " + grouped(table->plain) + "\n";
  return text;
}

std::string swap(const KernelFigures& kernel) {
  const SwapFigures& swap = kernel.swap;
  if (swap.slots.value_or(0) == 0) return {};
  std::string text = "  swap        " + counted(swap.evicted, "page") + " out, " + grouped(swap.written) +
                     " of them written, " + grouped(swap.shared) + " of them shared; " +
                     grouped(kernel.faults.of(abi::FaultResolution::swap_in)) + " in; " +
                     grouped(*swap.free_at_boot) + " of " + counted(*swap.slots, "slot") + " free at boot";
  if (!swap.free_at_end) return text + "\n";
  text += ", " + grouped(*swap.free_at_end) + " at the end";
  if (*swap.free_at_end < *swap.free_at_boot) {
    text += ": LEAKED " + counted(*swap.free_at_boot - *swap.free_at_end, "slot");
  }
  return text + "\n";
}

std::string kernel_story(const Report& report) {
  if (!report.kernel.heard)
    return "\nThe guest tells no story (no tracepoints): no kernel figures, no processes.\n";
  return faults(report.kernel) + copies(report) + large_pages(report.kernel.large_pages) +
         forks(report.kernel) + shootdowns(report.shootdowns) + frames_text(report.kernel.frames) +
         references(report.kernel.frames) + swap(report.kernel) + out_of_memory(report.kernel) +
         unknown_system_calls(report.kernel);
}

std::string hardware_story(const Report& report) {
  const InferredFigures& hardware = report.hardware;
  std::string text = "\nThe hardware's own view\n  page faults " + grouped(hardware.page_faults) + ": " +
                     grouped(hardware.copies) + (hardware.copies == 1 ? " copy, " : " copies, ") +
                     counted(hardware.reuses, "reuse") + ", " + counted(hardware.fills, "fill") + ", " +
                     grouped(hardware.spurious) + " spurious, " + counted(hardware.changes, "other change") +
                     ", " + grouped(hardware.unresolved + hardware.undecided) +
                     " without a resolution\n  fences      " + grouped(hardware.fences) + ", " +
                     grouped(hardware.empty_fences) + " of them found nothing to drop\n";
  if (!report.comparison.possible) return text;
  if (report.comparison.agrees()) return text + "  The kernel's story and the hardware's agree.\n";
  return text + disagreement(report.comparison);
}

std::string memory_system(const timing::MemoryCounters& memory) {
  std::string text;
  if (memory.has_l2) {
    const timing::L2Counters& l2 = memory.l2;
    const auto part = [](const char* what, std::uint64_t hits, std::uint64_t misses) {
      return counted(hits + misses, what) + ", " + percent(misses, hits + misses) + " missed; ";
    };
    text += "  L2          " + part("read", l2.read_hits, l2.read_misses) +
            part("write", l2.write_hits, l2.write_misses) + counted(l2.writebacks, "line") +
            " written back\n";
  }
  if (memory.has_dram) {
    const timing::DramCounters& dram = memory.dram;
    const std::uint64_t all = dram.reads + dram.writes;
    text += "  DRAM        " + counted(dram.reads, "read") + ", " + counted(dram.writes, "write") +
            "; row open " + percent(dram.row_hits, all) + ", closed " + percent(dram.row_misses, all) +
            ", another open " + percent(dram.row_conflicts, all) + "\n";
  }
  return text.empty() ? text : "\nThe memory system\n" + text;
}

std::string processes(const Report& report) {
  if (!report.kernel.heard) return {};
  std::vector<const ProcessFigures*> order;
  for (const ProcessFigures& process : report.processes) order.push_back(&process);
  std::stable_sort(order.begin(), order.end(), [](const ProcessFigures* a, const ProcessFigures* b) {
    return a->ran.core.cycles > b->ran.core.cycles;
  });
  TextTable table;
  table.column("pid").column("process", left).column("ended", left).column("instret").column("cycles");
  table.column("in wfi")
      .column("syscalls")
      .column("faults")
      .column("copies")
      .column("reuses")
      .column("forks");
  table.column("shootdowns").column("TLB misses").column("walks");
  for (std::size_t i = 0; i < std::min(order.size(), most_processes); ++i) {
    const ProcessFigures& process = *order[i];
    const HartFigures& ran = process.ran;
    const bool real = process.kind == ProcessFigures::Kind::process;
    table.row(
        {real ? std::to_string(process.pid) : "", process.name, ending_of(process), grouped(ran.core.instret),
         grouped(ran.core.cycles), percent(ran.core.wfi_cycles, ran.core.cycles),
         grouped(process.system_calls), grouped(process.faults.total()), grouped(process.copies.pages),
         grouped(process.faults.of(abi::FaultResolution::cow_reuse)), grouped(process.forks.count),
         grouped(process.shootdowns), grouped(ran.translation.itlb.misses + ran.translation.dtlb.misses),
         grouped(ran.translation.walks)});
  }
  std::string text = "\nProcesses, by cycles\n" + table.text();
  if (order.size() > most_processes) {
    text += "  … " + grouped(order.size() - most_processes) + " more (all are in --stats json)\n";
  }
  return text;
}

}  // namespace

std::string to_full_text(const Report& report) {
  return head(report) + harts(report) + cycle_stack_text(report) + memory_system(report.facts.memory_system) +
         costs_text(report) + traps(report) + kernel_story(report) + hardware_story(report) +
         processes(report) + faults_in_words(report);
}

}  // namespace hartbeat::observe
