#include "emu/observe/json_report.hpp"

#include "emu/observe/counter_table.hpp"
#include "emu/observe/cycle_stack.hpp"
#include "emu/observe/json_value.hpp"
#include "emu/observe/syscall_names.hpp"
#include "emu/observe/trap_names.hpp"

namespace hartbeat::observe {
namespace {

template <class Counts, class Name>
Json named(const Counts& counts, Name name) {
  Json object = Json::object();
  for (std::size_t code = 0; code < counts.size(); ++code) {
    if (counts[code] != 0) object[name(code)] = counts[code];
  }
  return object;
}

Json of(const mmu::TlbCounters& tlb) {
  Json object;
  add(object, tlb_counters(), tlb);
  return object;
}

// Cycles by cause, of all privileges and of each; null without a cycle model.
Json stalls(const HartCounters& hart) {
  if (stalled_cycles(hart) == 0) return nullptr;
  const auto causes = [](const timing::StallCycles& cycles) {
    Json object;
    for (std::size_t i = 0; i < cycles.size(); ++i) object[std::string(timing::stall_names[i])] = cycles[i];
    return object;
  };
  return {{"all", causes(stalls_of(hart))},
          {"user", causes(hart.stalls[0])},
          {"supervisor", causes(hart.stalls[1])},
          {"machine", causes(hart.stalls[3])}};
}

Json costs(const Report& report) {
  if (!report.kernel.heard) return nullptr;
  Json object;
  for (const Cost& cost : costs_of(report)) {
    object[cost.key] = {
        {"count", cost.count}, {"cycles", cost.cycles}, {"cycles_each", ratio(cost.cycles, cost.count)}};
  }
  return object;
}

Json of(const HartFigures& hart) {
  Json object;
  add(object, hart_counters(), hart);
  object["ipc"] = ratio(hart.core.instret, hart.core.cycles);
  object["exceptions"] = named(hart.core.exceptions, exception_name);
  object["interrupts"] = named(hart.core.interrupts, interrupt_name);
  object["tlb"] = Json{{"itlb", of(hart.translation.itlb)},
                       {"dtlb", of(hart.translation.dtlb)},
                       {"l2", of(hart.translation.l2)}};
  add(object["walker"], walker_counters(), hart.translation);
  object["stalls"] = stalls(hart.core);
  return object;
}

Json of(const FaultFigures& faults) {
  Json count, cycles;
  for (unsigned i = 0; i < abi::fault_resolution_count; ++i) {
    const std::string key(fault_resolutions()[i].key);
    count[key] = faults.count[i];
    cycles[key] = faults.cycles[i];
  }
  return {{"total", faults.total()}, {"count", count}, {"cycles", cycles}};
}

Json of(const CopyFigures& copies) {
  Json object;
  add(object, copy_counters(), copies);
  return object;
}

Json of(const ForkFigures& forks) {
  Json object;
  add(object, fork_counters(), forks);
  return object;
}

const char* name_of(ProcessFigures::Kind kind) {
  switch (kind) {
    case ProcessFigures::Kind::boot: return "boot";
    case ProcessFigures::Kind::kernel: return "kernel";
    default: return "process";
  }
}

Json of(const ProcessFigures& process) {
  Json object;
  object["kind"] = name_of(process.kind);
  object["pid"] = process.pid;
  object["parent"] = or_null(process.parent);
  object["name"] = process.name;
  object["wait_status"] = or_null(process.wait_status);
  object["ran"] = of(process.ran);
  object["faults"] = of(process.faults);
  object["copies"] = of(process.copies);
  object["forks"] = of(process.forks);
  object["system_calls"] = process.system_calls;
  object["shootdowns"] = process.shootdowns;
  return object;
}

Json of(const PageTally& tally) {
  Json list = Json::array();
  for (const PageRange& range : tally.ranges()) {
    list.push_back({{"first", range.first.value},
                    {"pages", range.pages},
                    {"copies", range.copies},
                    {"reuses", range.reuses}});
  }
  return list;
}

Json of(const std::optional<FrameStates>& frames) {
  if (!frames) return nullptr;
  Json object;
  add(object, frame_counters(), *frames);
  return object;
}

Json of(const std::optional<ReferenceFigures>& references) {
  if (!references) return nullptr;
  Json object;
  add(object, reference_counters(), *references);
  return object;
}

Json of(const std::optional<ReferenceTableFigures>& table) {
  if (!table) return nullptr;
  Json object;
  add(object, reference_table_counters(), *table);
  return object;
}

Json of(const ShootdownFigures& shootdowns) {
  Json object;
  add(object, shootdown_counters(), shootdowns);
  for (std::size_t i = 0; i < shootdowns.phases.size(); ++i) {
    object["phases"][std::string(shootdown_phase_texts()[i].key)] = shootdowns.phases[i];
  }
  add_shootdown_spread(object, shootdowns);
  return object;
}

Json unknown_system_calls(const KernelFigures& kernel) {
  Json list = Json::array();
  for (const auto& [number, call] : kernel.unknown_system_calls) {
    list.push_back({{"number", number},
                    {"name", system_call_name(number)},
                    {"count", call.count},
                    {"first_pid", call.first_process}});
  }
  return list;
}

Json fault_messages(const KernelFigures& kernel) {
  Json list = Json::array();
  for (const FaultMessage& fault : kernel.fault_messages) {
    list.push_back({{"pid", fault.process},
                    {"address", fault.address.value},
                    {"cause", exception_name(fault.cause)},
                    {"pc", fault.pc.value},
                    {"signal", fault.signal}});
  }
  return list;
}

Json of(const SwapFigures& swap) {
  return {{"slots", or_null(swap.slots)},
          {"free_at_boot", or_null(swap.free_at_boot)},
          {"free_at_end", or_null(swap.free_at_end)},
          {"evicted", swap.evicted},
          {"written", swap.written},
          {"shared", swap.shared}};
}

Json out_of_memory_kills(const KernelFigures& kernel) {
  Json list = Json::array();
  for (const OutOfMemoryKill& kill : kernel.out_of_memory_kills) {
    list.push_back(
        {{"pid", kill.process}, {"pages", kill.pages}, {"score", kill.score}, {"asking", kill.asking}});
  }
  return list;
}

Json kernel_story(const Report& report) {
  const KernelFigures& kernel = report.kernel;
  if (!kernel.heard) return nullptr;
  Json object;
  object["faults"] = of(kernel.faults);
  object["copies"] = of(kernel.copies);
  add(object["copies"], copy_use_counters(), report.copy_use);
  add(object["large_pages"], large_page_counters(), kernel.large_pages);
  object["cow_pages"] = of(kernel.cow_pages);
  object["cow"] = cow_json(report);
  object["forks"] = of(kernel.forks);
  object["shootdowns"] = of(report.shootdowns);
  object["frames"] = {{"total", or_null(kernel.frames.total)},
                      {"free_at_boot", or_null(kernel.frames.free_at_boot)},
                      {"free_at_end", or_null(kernel.frames.free_at_end)},
                      {"at_boot", of(kernel.frames.at_boot)},
                      {"last", of(kernel.frames.last)},
                      {"most_shared", of(kernel.frames.most_shared)},
                      {"refcounts",
                       {{"at_boot", of(kernel.frames.references.at_boot)},
                        {"last", of(kernel.frames.references.last)},
                        {"most_shared", of(kernel.frames.references.most_shared)},
                        {"table", of(kernel.frames.references.table)}}}};
  object["swap"] = of(kernel.swap);
  object["out_of_memory_kills"] = out_of_memory_kills(kernel);
  object["system_calls"] = kernel.system_calls;
  object["unknown_system_calls"] = unknown_system_calls(kernel);
  object["fault_message_count"] = kernel.fault_message_count;
  object["fault_messages"] = fault_messages(kernel);
  object["shutdown_status"] = or_null(kernel.shutdown_status);
  return object;
}

Json of(const timing::MemoryCounters& memory) {
  Json object{{"l2", nullptr}, {"dram", nullptr}};
  if (memory.has_l2) add(object["l2"], l2_counters(), memory.l2);
  if (memory.has_dram) add(object["dram"], dram_counters(), memory.dram);
  return object;
}

Json of(const Comparison& comparison) {
  if (!comparison.possible) return nullptr;
  Json rows = Json::array();
  for (const ComparisonRow& row : comparison.rows) {
    rows.push_back({{"what", row.what},
                    {"kernel", row.kernel},
                    {"hardware", row.hardware},
                    {"kernel_excess", row.kernel_excess},
                    {"hardware_excess", row.hardware_excess},
                    {"agree", row.agrees()}});
  }
  return {{"agree", comparison.agrees()}, {"rows", rows}};
}

Json of(const RunConfiguration& configuration) {
  Json tlbs = Json::array();
  for (const RunConfiguration::Tlb& tlb : configuration.tlbs)
    tlbs.push_back({{"name", tlb.name}, {"entries", tlb.entries}, {"ways", tlb.ways}});
  return {{"isa", configuration.isa},
          {"overrides", configuration.overrides},
          {"kernel_command_line", configuration.kernel_command_line},
          {"tlbs", std::move(tlbs)},
          {"machine_file", configuration.machine_file}};
}

}  // namespace

std::string to_json(const Report& report) {
  const RunFacts& facts = report.facts;
  Json document;
  document["schema"] = json_schema_version;
  document["program"] = facts.program;
  document["arguments"] = facts.arguments;
  document["machine"] = facts.machine;
  document["memory_bytes"] = facts.memory_bytes;
  document["exit_status"] = facts.exit_status;
  document["ending"] = facts.ending;
  document["timing"] = {{"model", facts.timing}, {"statement", timing_sentence(facts.timing)}};
  document["timing"]["parts"] = Json::array();
  for (const TimingPart& part : facts.timing_parts) {
    document["timing"]["parts"].push_back(
        {{"part", part.name}, {"instret", part.instret}, {"cycles", part.cycles}});
  }
  document["configuration"] = of(facts.configuration);
  document["elapsed_cycles"] = report.elapsed();
  document["harts"] = Json::array();
  for (const HartFigures& hart : report.harts) {
    Json object{{"hart", document["harts"].size()}};
    object.update(of(hart));
    document["harts"].push_back(std::move(object));
  }
  document["total"] = of(report.total);
  document["processes"] = Json::array();
  if (report.kernel.heard) {
    for (const ProcessFigures& process : report.processes) document["processes"].push_back(of(process));
  }
  document["kernel"] = kernel_story(report);
  document["costs"] = costs(report);
  document["memory_system"] = of(facts.memory_system);
  add(document["hardware"], hardware_counters(), report.hardware);
  document["hardware"]["cow_pages"] = of(report.hardware.cow_pages);
  document["comparison"] = of(report.comparison);
  document["faults"] = faults_json(report);
  document["sharing"] = sharing_json(report);
  document["timeline"] = timeline_json(report);
  document["walks"] = walks_json(report);
  // Names come from the guest and the command line; what is not UTF-8 in them must not end in an exception.
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace hartbeat::observe
