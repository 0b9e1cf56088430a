#include "emu/observe/cycle_stack.hpp"

#include <algorithm>
#include <numeric>

#include "emu/observe/counter_table.hpp"
#include "emu/observe/text_table.hpp"

namespace hartbeat::observe {
namespace {

using timing::Stall;
using timing::StallCycles;
using enum TextTable::Align;

constexpr std::size_t most_harts = 8, most_processes = 8;

std::uint64_t sum(const StallCycles& cycles) {
  return std::accumulate(cycles.begin(), cycles.end(), std::uint64_t{0});
}

std::string share(std::uint64_t part, std::uint64_t whole) { return part == 0 ? "" : percent(part, whole); }

// The causes in a few words' width, for the table of processes.
struct Group {
  const char* title;
  std::initializer_list<Stall> causes;
};
const Group groups[] = {
    {"issued", {Stall::issued}},
    {"fetch", {Stall::icache_miss, Stall::itlb_walk, Stall::fetch_bubble, Stall::mispredict}},
    {"operands", {Stall::raw, Stall::load_use}},
    {"load miss", {Stall::load_miss}},
    {"D-TLB walk", {Stall::dtlb_walk}},
    {"unit", {Stall::unit_busy}},
    {"stores", {Stall::store_buffer, Stall::atomic}},
    {"flushes", {Stall::fence, Stall::csr_flush, Stall::trap, Stall::reset}},
    {"wfi", {Stall::wfi}},
};

std::string by_cause(const Report& report) {
  const StallCycles all = stalls_of(report.total.core);
  TextTable table;
  table.column("cycles", left).column("all").column("").column("user").column("supervisor").column("machine");
  std::vector<StallCycles> columns = {report.total.core.stalls[0], report.total.core.stalls[1],
                                      report.total.core.stalls[3]};
  const bool side_by_side = report.harts.size() > 1 && report.harts.size() <= most_harts;
  for (std::size_t hart = 0; side_by_side && hart < report.harts.size(); ++hart) {
    table.column("hart " + std::to_string(hart));
    columns.push_back(stalls_of(report.harts[hart].core));
  }
  const auto row = [&](const std::string& name, std::uint64_t total, auto value) {
    std::vector<std::string> cells = {name, grouped(total), percent(total, sum(all))};
    for (const StallCycles& column : columns) cells.push_back(share(value(column), sum(column)));
    table.row(cells);
  };
  for (std::size_t cause = 0; cause < all.size(); ++cause) {
    if (all[cause] == 0) continue;
    row(std::string(timing::stall_names[cause]), all[cause], [&](const StallCycles& c) { return c[cause]; });
  }
  row("all", sum(all), [](const StallCycles& c) { return sum(c); });
  return table.text();
}

std::string by_process(const Report& report) {
  if (!report.kernel.heard) return {};
  std::vector<const ProcessFigures*> order;
  for (const ProcessFigures& process : report.processes) order.push_back(&process);
  std::stable_sort(order.begin(), order.end(), [](const ProcessFigures* a, const ProcessFigures* b) {
    return stalled_cycles(a->ran.core) > stalled_cycles(b->ran.core);
  });
  TextTable table;
  table.column("pid").column("process", left).column("cycles");
  for (const Group& group : groups) table.column(group.title);
  for (std::size_t i = 0; i < std::min(order.size(), most_processes); ++i) {
    const ProcessFigures& process = *order[i];
    const StallCycles cycles = stalls_of(process.ran.core);
    const bool real = process.kind == ProcessFigures::Kind::process;
    std::vector<std::string> cells = {real ? std::to_string(process.pid) : "", process.name,
                                      grouped(sum(cycles))};
    for (const Group& group : groups) {
      std::uint64_t part = 0;
      for (const Stall cause : group.causes) part += cycles[static_cast<unsigned>(cause)];
      cells.push_back(share(part, sum(cycles)));
    }
    table.row(cells);
  }
  return "\n" + table.text();
}

}  // namespace

StallCycles stalls_of(const HartCounters& hart) {
  StallCycles all{};
  for (const StallCycles& level : hart.stalls) {
    for (std::size_t i = 0; i < all.size(); ++i) all[i] += level[i];
  }
  return all;
}

std::uint64_t stalled_cycles(const HartCounters& hart) { return sum(stalls_of(hart)); }

std::string cycle_stack_text(const Report& report) {
  if (stalled_cycles(report.total.core) == 0) return {};
  return "\nWhere the cycles went: what kept the issue stage from issuing\n" + by_cause(report) +
         by_process(report);
}

std::array<Cost, 6> costs_of(const Report& report) {
  using enum abi::FaultResolution;
  const KernelFigures& kernel = report.kernel;
  const auto fault = [&](const char* key, const char* sentence, abi::FaultResolution resolution) {
    return Cost{key, sentence, kernel.faults.of(resolution),
                kernel.faults.cycles[static_cast<unsigned>(resolution)]};
  };
  return {Cost{"fork", "a fork", kernel.forks.count, kernel.forks.cycles},
          fault("cow_copy", "a copy-on-write fault that copies", cow_copy),
          Cost{"page_copy", "the copy of a page itself, part of such a fault", kernel.copies.pages,
               kernel.copies.cycles},
          fault("cow_reuse", "a copy-on-write fault of the last owner", cow_reuse),
          fault("demand_zero", "a first touch of anonymous memory", demand_zero),
          Cost{"shootdown", "a TLB shootdown, of other harts too", report.shootdowns.completed,
               report.shootdowns.latency}};
}

std::string costs_text(const Report& report) {
  if (!report.kernel.heard || report.facts.timing == "none") return {};
  TextTable table;
  table.column("what it cost", left).column("times").column("cycles each").column("cycles");
  for (const Cost& cost : costs_of(report)) {
    if (cost.count == 0) continue;
    table.row(
        {cost.sentence, grouped(cost.count), quotient(cost.cycles, cost.count, 0), grouped(cost.cycles)});
  }
  return table.empty() ? std::string()
                       : "\nCosts, from tracepoint to tracepoint of the kernel\n" + table.text();
}

}  // namespace hartbeat::observe
