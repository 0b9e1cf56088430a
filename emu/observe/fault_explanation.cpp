#include "emu/observe/fault_explanation.hpp"

#include <cinttypes>
#include <cstdio>

#include "emu/observe/counter_table.hpp"
#include "emu/observe/text_table.hpp"
#include "mmu/check.hpp"

namespace hartbeat::observe {
namespace {

using namespace mmu;

std::string hex(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%" PRIx64, value);
  return text;
}

const char* attempt(std::uint64_t cause) {
  switch (cause) {
    case 12: return "an instruction fetch from ";
    case 13: return "a load from ";
    default: return "a store to ";
  }
}

std::string rights_of(std::uint64_t entry) {
  std::string text;
  const std::pair<std::uint64_t, char> bits[] = {{pte::R, 'r'}, {pte::W, 'w'}, {pte::X, 'x'}, {pte::U, 'u'},
                                                 {pte::G, 'g'}, {pte::A, 'a'}, {pte::D, 'd'}};
  for (const auto& [bit, letter] : bits) text += (entry & bit) != 0 ? letter : '-';
  return text;
}

std::string meaning_of(std::uint64_t entry) {
  if ((entry & pte::V) == 0) return entry == 0 ? "empty" : "invalid";
  if ((entry & (pte::R | pte::X)) == 0) return "the next table, at " + hex(pte::ppn(entry) << 12);
  return "frame " + hex(pte::ppn(entry)) + " " + rights_of(entry);
}

std::string what_was_tried(const FaultRecord& fault, const ExplanationContext& context) {
  std::string text = "Fault " + std::to_string(fault.number) + ": ";
  if (fault.told) text += "process " + std::to_string(fault.process) + " (" + fault.program + ") on ";
  text += "hart " + std::to_string(fault.site.hart.value) + " at cycle " + grouped(fault.site.cycle.value) +
          " tried " + attempt(fault.cause) + hex(fault.address.value) + ", ";
  const CodePlace place =
      context.find_code ? context.find_code(fault.program, fault.site.pc.value) : CodePlace{};
  return text + "pc " + hex(fault.site.pc.value) +
         (place.symbol.empty() && place.line == 0 ? "" : " in " + place.text(fault.site.pc.value)) + ". ";
}

std::string what_the_walker_read(const FaultRecord& fault) {
  if (!fault.walk) return {};
  const Walk& walk = *fault.walk;
  std::string text;
  if (walk.check == Check::non_canonical) {
    text = "No walk";
  } else if (walk.read_count == 0) {
    text = "The TLB held the translation: " + meaning_of(walk.pte);
  } else {
    text = "The walker read";
    for (unsigned i = 0; i < walk.read_count; ++i) {
      const PteRead& read = walk.reads[i];
      text += std::string(i == 0 ? " " : "; ") + "level " + std::to_string(read.level) + " at " +
              hex(read.address.value) + " = " + hex(read.pte) + ", " + meaning_of(read.pte);
    }
  }
  return text + ". The check that said no: " + std::string(sentence(walk.check)) + ". ";
}

std::string range_text(const MappedRange& range) {
  std::string text = hex(range.first.value) + "-" + hex(range.end.value) + " (";
  text += (range.protection & 1) != 0 ? 'r' : '-';
  text += (range.protection & 2) != 0 ? 'w' : '-';
  text += (range.protection & 4) != 0 ? 'x' : '-';
  return text + (range.grows_down ? ", the stack)" : range.of_file ? ", private, of a file)" : ", private)");
}

std::string who_shared(const FaultRecord& fault, const ExplanationContext& context) {
  if (!fault.fork || context.forks == nullptr || *fault.fork >= context.forks->size()) return {};
  const ForkRecord& fork = (*context.forks)[*fault.fork];
  return "; fork " + std::to_string(fork.number) + " (process " + std::to_string(fork.parent) + " made " +
         std::to_string(fork.child) + ") had left it shared";
}

std::string copy_text(const FaultRecord& fault, const ExplanationContext& context) {
  std::string text = "the store is allowed";
  if (fault.range) text += " in the range " + range_text(*fault.range);
  text += " but frame " + hex(fault.before) + " has other users";
  if (fault.range && fault.range->references != 0)
    text += " (" + counted(fault.range->references, "reference") + ")";
  text += who_shared(fault, context);
  text += ". It copied " + counted(fault.copy ? fault.copy->bytes : 4096, "byte") + " to frame " +
          hex(fault.after) + " and mapped that writable";
  if (context.changed_bytes >= 0) {
    text += "; " + counted(static_cast<std::uint64_t>(context.changed_bytes), "byte") +
            " of the copy really changed afterwards";
  }
  return text;
}

std::string resolution_text(const FaultRecord& fault, const ExplanationContext& context) {
  using enum abi::FaultResolution;
  const std::string frame = "frame " + hex(fault.after);
  switch (*fault.resolution) {
    case cow_copy: return copy_text(fault, context);
    case cow_reuse: return "nobody else uses " + frame + " any more: it was made writable in place";
    case demand_zero: return "first touch of anonymous memory: " + frame + ", zeroed, was mapped";
    case file_fill: return "the page comes from a file: " + frame + " was mapped";
    case stack_grow: return "the stack grew to this page: " + frame + " was mapped";
    case swap_in: return "the page was read back from swap into " + frame;
    case ad_update: return "only the accessed or dirty bit was missing: the kernel set it";
    case spurious:
      return "the page-table entry already allows this: the translation was stale and was fenced";
    case table_attach:
      return "the page table of this region, which a fork had taken out to share it, was attached again";
    case zero_copy: return "the page was the shared zero page so far: " + frame + ", zeroed, took its place";
    case protection: return "the process may not do this";
  }
  return "it resolved the fault in a way this program does not know";
}

std::string what_the_kernel_did(const FaultRecord& fault, const ExplanationContext& context) {
  if (!fault.told) return "What the kernel did about it is not known: it has no tracepoints. ";
  if (!fault.resolution) return "The kernel had not resolved it when the run, or its process, ended. ";
  std::string text = "The kernel's answer (" +
                     std::string(fault_resolutions()[static_cast<unsigned>(*fault.resolution)].key) +
                     "): " + resolution_text(fault, context) + ". ";
  if (fault.signal != 0) {
    text += "The process was told by signal " + std::to_string(fault.signal) +
            (fault.fatal ? ", and died of it. " : ". ");
  }
  if (fault.shootdown != 0) {
    text += "Shootdown " + std::to_string(fault.shootdown) + " made " +
            counted(fault.shootdown_targets, "other hart") + " forget the old translation. ";
  }
  return text;
}

std::string cycles_text(const FaultRecord& fault) {
  if (!fault.told) return {};
  std::string text = "Cycles:";
  const StepCycles steps = fault.steps();
  const char* separator = " ";
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i] == 0) continue;
    const bool whole_work = fault_steps[i] == "lookup" && !fault.copy;
    text +=
        separator + std::string(whole_work ? "lookup and mapping" : fault_steps[i]) + " " + grouped(steps[i]);
    separator = " + ";
  }
  return text + " = " + grouped(fault.cycles()) + ".";
}

}  // namespace

std::string explanation(const FaultRecord& fault, const ExplanationContext& context) {
  std::string text = what_was_tried(fault, context) + what_the_walker_read(fault) +
                     what_the_kernel_did(fault, context) + cycles_text(fault);
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

}  // namespace hartbeat::observe
