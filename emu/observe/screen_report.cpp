#include "emu/observe/screen_report.hpp"

#include <algorithm>
#include <numeric>

#include "emu/observe/counter_table.hpp"
#include "emu/observe/cycle_stack.hpp"
#include "emu/observe/text_parts.hpp"
#include "emu/observe/text_table.hpp"

namespace hartbeat::observe {
namespace {

using enum TextTable::Align;

constexpr std::size_t most_costs = 8, most_causes = 5, most_processes = 4, most_harts = 4, most_places = 3;

std::string more(std::size_t all, std::size_t shown, const std::string& noun) {
  return all <= shown ? std::string() : "  … " + counted(all - shown, noun) + "\n";
}

// A sentence up to its first colon, or its end.
std::string beginning(std::string_view sentence) {
  return std::string(sentence.substr(0, sentence.find_first_of(":.;")));
}

// One thing that the guest's kernel did, again and again.
struct Work {
  std::string what;
  std::uint64_t times = 0, cycles = 0;
  std::string remark;
};

std::string copy_remark(const Report& report) {
  const CopyFigures& copies = report.kernel.copies;
  const CopyUseFigures& use = report.copy_use;
  std::string text = byte_size(copies.bytes) + " in " + grouped(copies.cycles) + " cycles";
  if (use.measured_pages != 0)
    text += ", " + percent(use.changed_bytes, use.measured_pages * 4096) + " changed afterwards";
  return text;
}

std::string fork_remark(const ForkFigures& forks) {
  return byte_size(forks.page_table_bytes) + " of page tables; eager would copy " +
         byte_size(forks.shared_bytes());
}

std::string shootdown_remark(const ShootdownFigures& figures) {
  return "p50 " + grouped(figures.latencies.percentile(50)) + ", p99 " +
         grouped(figures.latencies.percentile(99)) + "; " + grouped(figures.wasted) + " of " +
         counted(figures.acknowledged, "IPI") + " wasted; " + grouped(figures.avoided) + " avoided";
}

std::vector<Work> kernel_work(const Report& report) {
  const KernelFigures& kernel = report.kernel;
  std::vector<Work> work;
  for (unsigned i = 0; i < abi::fault_resolution_count; ++i) {
    if (kernel.faults.count[i] == 0) continue;
    const bool copies = i == static_cast<unsigned>(abi::FaultResolution::cow_copy);
    work.push_back({"page fault: " + std::string(fault_resolutions()[i].key), kernel.faults.count[i],
                    kernel.faults.cycles[i],
                    copies ? copy_remark(report) : beginning(fault_resolutions()[i].sentence)});
  }
  if (kernel.forks.count != 0)
    work.push_back({"fork", kernel.forks.count, kernel.forks.cycles, fork_remark(kernel.forks)});
  if (report.shootdowns.completed != 0)
    work.push_back({"TLB shootdown", report.shootdowns.completed, report.shootdowns.latency,
                    shootdown_remark(report.shootdowns)});
  std::stable_sort(work.begin(), work.end(),
                   [](const Work& a, const Work& b) { return a.cycles > b.cycles; });
  return work;
}

std::string costs(const Report& report) {
  if (!report.kernel.heard)
    return "\nThe guest tells no story (no tracepoints): no kernel figures, no processes.\n";
  const std::vector<Work> all = kernel_work(report);
  if (all.empty()) return "\nNo page fault, no fork, no TLB shootdown.\n";
  TextTable table;
  table.column("what cost most", left).column("times").column("cycles").column("each").column("", left);
  for (std::size_t i = 0; i < std::min(all.size(), most_costs); ++i) {
    table.row({all[i].what, grouped(all[i].times), grouped(all[i].cycles),
               grouped((all[i].cycles + all[i].times / 2) / all[i].times), all[i].remark});
  }
  return "\n" + table.text() + more(all.size(), most_costs, "more kind");
}

std::string places(const Report& report) {
  const std::vector<CopySite>& sites = report.cow.sites;
  if (sites.empty()) return {};
  return "\n" + copy_places(report.cow, most_places);
}

// Without the cycles that harts slept: those cost nobody anything.
std::string causes(const Report& report) {
  const timing::StallCycles all = stalls_of(report.total.core);
  const std::uint64_t asleep = all[static_cast<unsigned>(timing::Stall::wfi)];
  const std::uint64_t awake = std::accumulate(all.begin(), all.end(), std::uint64_t{0}) - asleep;
  if (awake == 0) return {};
  std::vector<unsigned> order;
  for (unsigned i = 0; i < all.size(); ++i) {
    if (all[i] != 0 && i != static_cast<unsigned>(timing::Stall::wfi)) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](unsigned a, unsigned b) { return all[a] > all[b]; });
  TextTable table;
  table.column("where the cycles went", left).column("cycles").column("share").column("in user mode");
  table.column("", left);
  for (std::size_t i = 0; i < std::min(order.size(), most_causes); ++i) {
    const unsigned cause = order[i];
    table.row({std::string(timing::stall_names[cause]), grouped(all[cause]), percent(all[cause], awake),
               percent(report.total.core.stalls[0][cause], all[cause]),
               beginning(stall_texts()[cause].sentence)});
  }
  return "\n" + table.text() + more(order.size(), most_causes, "more cause");
}

std::string processes(const Report& report) {
  if (!report.kernel.heard || report.processes.empty()) return {};
  const auto awake = [](const ProcessFigures& process) {
    return process.ran.core.cycles - std::min(process.ran.core.cycles, process.ran.core.wfi_cycles);
  };
  std::vector<const ProcessFigures*> order;
  for (const ProcessFigures& process : report.processes) order.push_back(&process);
  std::stable_sort(order.begin(), order.end(),
                   [&](const ProcessFigures* a, const ProcessFigures* b) { return awake(*a) > awake(*b); });
  TextTable table;
  table.column("who ran", left).column("ended", left).column("cycles awake").column("instret").column("IPC");
  table.column("syscalls").column("faults").column("copies").column("reuses").column("TLB misses");
  for (std::size_t i = 0; i < std::min(order.size(), most_processes); ++i) {
    const ProcessFigures& process = *order[i];
    const HartFigures& ran = process.ran;
    table.row({name_of(process), ending_of(process), grouped(awake(process)), grouped(ran.core.instret),
               quotient(ran.core.instret, awake(process), 3), grouped(process.system_calls),
               grouped(process.faults.total()), grouped(process.copies.pages),
               grouped(process.faults.of(abi::FaultResolution::cow_reuse)),
               grouped(ran.translation.itlb.misses + ran.translation.dtlb.misses)});
  }
  return "\n" + table.text() + more(order.size(), most_processes, "more row");
}

std::string harts(const Report& report) {
  TextTable table;
  table.column("hart", left).column("cycles").column("asleep").column("instret").column("IPC awake");
  table.column("I-TLB misses").column("D-TLB misses").column("walks").column("traps");
  const auto row = [&](const std::string& name, const HartFigures& hart) {
    const HartCounters& core = hart.core;
    const auto sum = [](const auto& counts) {
      return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
    };
    table.row({name, grouped(core.cycles), percent(core.wfi_cycles, core.cycles), grouped(core.instret),
               quotient(core.instret, core.cycles - std::min(core.cycles, core.wfi_cycles), 3),
               grouped(hart.translation.itlb.misses), grouped(hart.translation.dtlb.misses),
               grouped(hart.translation.walks), grouped(sum(core.exceptions) + sum(core.interrupts))});
  };
  for (std::size_t i = 0; i < std::min(report.harts.size(), most_harts); ++i)
    row(std::to_string(i), report.harts[i]);
  if (report.harts.size() > 1) row("all", report.total);
  return "\n" + table.text() + more(report.harts.size(), most_harts, "more hart");
}

// What must not be overlooked, a line each.
std::string warnings(const Report& report) {
  const KernelFigures& kernel = report.kernel;
  std::string text = frames_text(kernel.frames);
  if (report.comparison.possible && report.comparison.agrees())
    text += "  stories     the kernel's and the hardware's agree\n";
  else if (report.comparison.possible)
    text += disagreement(report.comparison);
  text += out_of_memory(kernel) + unknown_system_calls(kernel);
  return text.empty() ? text : "\n" + text;
}

}  // namespace

std::string to_screen(const Report& report) {
  return head(report) + costs(report) + places(report) + causes(report) + processes(report) + harts(report) +
         warnings(report) + faults_in_words(report) +
         "  (--stats full has every table, --stats html:FILE is for the browser)\n";
}

}  // namespace hartbeat::observe
