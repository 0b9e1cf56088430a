// One page fault from the trap to the return, as hardware and kernel tell it together.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "emu/hart/events.hpp"

namespace hartbeat::observe {

// The steps between the moments of a fault, in order; they add up to its cycles exactly. A moment that nobody
// reported coincides with the next one.
inline constexpr std::array<std::string_view, 6> fault_steps = {"entry", "lookup", "allocate",
                                                                "copy",  "fence",  "return"};
using StepCycles = std::array<std::uint64_t, fault_steps.size()>;

// The part of an address space that the page belongs to (copy_decided).
struct MappedRange {
  VirtAddr first, end;
  std::uint64_t protection = 0;  // PROT_*
  bool grows_down = false, of_file = false;
  std::uint64_t references = 0;  // of the frame, before the copy
};

struct CopyPart {
  std::uint64_t number = 0;  // of the run's copies, from 0
  std::uint64_t source = 0, destination = 0, bytes = 0;
};

struct FaultRecord {
  std::uint64_t number = 0;  // of the run's page faults, from 1; 0: a copy that the kernel made without one
  EventSite site;            // where and when the trap was taken; privilege: before it
  std::uint64_t cause = 0;
  VirtAddr address;
  std::optional<mmu::Walk> walk;

  bool told = false;  // by the kernel: what follows is known
  std::uint64_t process = 0;
  std::string program;
  std::optional<abi::FaultResolution> resolution;
  std::uint64_t before = 0, after = 0;  // frames
  std::optional<MappedRange> range;
  std::optional<std::uint64_t> fork;         // that made the page shared: index into ProcessFamily::forks()
  std::optional<std::uint64_t> system_call;  // of a copy without a fault
  std::optional<CopyPart> copy;
  std::uint64_t shootdown = 0;  // its id, when other harts had to drop the translation
  std::uint64_t shootdown_targets = 0;
  std::uint64_t signal = 0;  // not 0: the process was told
  bool fatal = false;        // and died of it

  // trap, begin, decided, copy begins, copy ends, last fence, return
  std::array<std::optional<Cycle>, fault_steps.size() + 1> moments{};
  StepCycles steps() const;
  std::uint64_t cycles() const;
};

}  // namespace hartbeat::observe
