#include "emu/observe/text_parts.hpp"

#include <algorithm>

#include "emu/observe/syscall_names.hpp"
#include "emu/observe/text_table.hpp"

namespace hartbeat::observe {
namespace {

using enum TextTable::Align;

constexpr std::size_t most_fatal_faults = 2;
constexpr std::size_t line_width = 110;

}  // namespace

std::string head(const Report& report) {
  const RunFacts& facts = report.facts;
  std::string text = "hartbeat: " + facts.program;
  for (const std::string& argument : facts.arguments) text += " " + argument;
  text += "\n  " + facts.ending + "; exit status " + std::to_string(facts.exit_status) + "\n  machine " +
          facts.machine + ", " + counted(report.harts.size(), "hart") + ", " + byte_size(facts.memory_bytes) +
          " of memory; " + counted(report.elapsed(), "cycle") + " from reset to the end\n  " +
          timing_sentence(facts.timing) + "\n";
  if (facts.timing_parts.size() > 1) {
    for (const TimingPart& part : facts.timing_parts) {
      text += "    " + part.name + ": " + counted(part.instret, "instruction") + ", " +
              counted(part.cycles, "cycle") + "\n";
    }
  }
  return text;
}

std::string copy_places(const CowFigures& cow, std::size_t most) {
  TextTable table;
  table.column("copied for", left).column("program", left).column("copies").column("cycles").column("each");
  table.column("bytes changed in a page");
  for (std::size_t i = 0; i < std::min(cow.sites.size(), most); ++i) {
    const CopySite& site = cow.sites[i];
    const CopySums& sums = site.sums;
    table.row({site.pc != 0 ? site.place.text(site.pc)
                            : "the kernel, in " + system_call_name(site.system_call.value_or(0)),
               site.program, grouped(sums.copies), grouped(sums.cycles),
               quotient(sums.cycles, sums.copies, 0), quotient(sums.changed_bytes, sums.measured_pages, 0)});
  }
  std::string text = table.text();
  if (cow.sites.size() > most) text += "  … " + counted(cow.sites.size() - most, "more place") + "\n";
  return text;
}

std::string frames_text(const FrameFigures& frames) {
  if (!frames.free_at_boot) return {};
  std::string text = "  frames      " + grouped(*frames.free_at_boot) + " free at boot";
  if (frames.total) text += " of " + grouped(*frames.total);
  if (!frames.free_at_end) return text + "\n";
  text += ", " + grouped(*frames.free_at_end) + " at the end";
  if (*frames.free_at_end < *frames.free_at_boot) {
    text += ": LEAKED " + counted(*frames.free_at_boot - *frames.free_at_end, "frame");
  }
  return text + "\n";
}

std::string out_of_memory(const KernelFigures& kernel) {
  std::string text;
  for (const OutOfMemoryKill& kill : kernel.out_of_memory_kills) {
    text += "  killed      process " + grouped(kill.process) + " with " + counted(kill.pages, "page") +
            ": out of memory when process " + grouped(kill.asking) + " needed a frame\n";
  }
  return text;
}

std::string unknown_system_calls(const KernelFigures& kernel) {
  if (kernel.unknown_system_calls.empty()) return {};
  std::string text = "  not known   ";
  const char* separator = "";
  for (const auto& [number, call] : kernel.unknown_system_calls) {
    text += separator + system_call_name(number) + " (" + std::to_string(number) + ", " +
            counted(call.count, "time") + ")";
    separator = ", ";
  }
  return text + ": answered ENOSYS\n";
}

std::string disagreement(const Comparison& comparison) {
  TextTable table;
  table.column("THE STORIES DISAGREE", left).column("kernel").column("hardware");
  for (const ComparisonRow& row : comparison.rows) {
    if (!row.agrees()) table.row({row.what, grouped(row.kernel), grouped(row.hardware)});
  }
  return table.text();
}

std::string faults_in_words(const Report& report) {
  std::string text;
  std::size_t told = 0, fatal = 0;
  for (const ExplainedFault& fault : report.faults) {
    if (!fault.record.fatal) continue;
    if (++fatal > most_fatal_faults) continue;
    text += "\n" + wrapped(fault.explanation, line_width) + "\n";
    ++told;
  }
  if (fatal > told)
    text += "  … " + counted(fatal - told, "more fatal fault") + " (--stats json explains them)\n";
  return text.empty() ? text : "\nFatal faults" + text;
}

std::string ending_of(const ProcessFigures& process) {
  if (!process.wait_status) return process.kind == ProcessFigures::Kind::process ? "alive" : "";
  const std::uint64_t status = *process.wait_status;
  return (status & 0x7f) == 0 ? "exit " + std::to_string(status >> 8 & 0xff)
                              : "signal " + std::to_string(status & 0x7f);
}

std::string name_of(const ProcessFigures& process) {
  if (process.kind != ProcessFigures::Kind::process) return process.name;
  return process.name + "(" + std::to_string(process.pid) + ")";
}

}  // namespace hartbeat::observe
