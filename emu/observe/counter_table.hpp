// Every counter of the report, once: its key in `--stats json`, its unit, its meaning, and where it is read.
// docs/counters.md is this table (a test compares them).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "emu/observe/report.hpp"

namespace hartbeat::observe {

struct CounterText {
  std::string_view key;
  std::string_view unit;
  std::string_view sentence;
};

template <class Figures>
struct Counter {
  CounterText text;
  std::uint64_t (*read)(const Figures&);
};

std::span<const Counter<HartFigures>> hart_counters();            // harts[], total, processes[].ran
std::span<const Counter<mmu::TlbCounters>> tlb_counters();        // ….tlb.itlb, .dtlb, .l2
std::span<const Counter<mmu::UnitCounters>> walker_counters();    // ….walker
std::span<const Counter<CopyFigures>> copy_counters();            // kernel.copies, processes[].copies
std::span<const Counter<CopyUseFigures>> copy_use_counters();     // kernel.copies
std::span<const Counter<ForkFigures>> fork_counters();            // kernel.forks, processes[].forks
std::span<const Counter<ShootdownFigures>> shootdown_counters();  // kernel.shootdowns
std::span<const Counter<FrameStates>> frame_counters();           // kernel.frames.at_boot, .last, …
std::span<const Counter<ReferenceFigures>> reference_counters();  // kernel.frames.refcounts.at_boot, .last, …
std::span<const Counter<ReferenceTableFigures>> reference_table_counters();  // kernel.frames.refcounts.table
std::span<const Counter<LargePageFigures>> large_page_counters();            // kernel.large_pages
std::span<const Counter<InferredFigures>> hardware_counters();               // hardware

std::span<const Counter<timing::L2Counters>> l2_counters();      // memory_system.l2
std::span<const Counter<timing::DramCounters>> dram_counters();  // memory_system.dram

// kernel.faults.KEY; the index is abi::FaultResolution.
std::span<const CounterText> fault_resolutions();

// The steps of a shootdown, in the order of shootdown_phases.
std::span<const CounterText> shootdown_phase_texts();

// The steps of a page fault, in the order of fault_steps.
std::span<const CounterText> fault_step_texts();

// Why no instruction was issued in a cycle, in the order of timing::Stall.
std::span<const CounterText> stall_texts();

// The whole of docs/counters.md.
std::string counters_markdown();

}  // namespace hartbeat::observe
