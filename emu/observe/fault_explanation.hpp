// One page fault in one paragraph: what was tried, what the walker read, which check said no, what the kernel
// did about it, and the cycles of each step.
#pragma once

#include <string>
#include <vector>

#include "emu/observe/cow_attribution.hpp"
#include "emu/observe/fault_record.hpp"
#include "emu/observe/process_family.hpp"

namespace hartbeat::observe {

struct ExplanationContext {
  const std::vector<ForkRecord>* forks = nullptr;
  FindCode find_code = {};
  std::int64_t changed_bytes = -1;  // of the fault's copy; -1: not measured
};

std::string explanation(const FaultRecord& fault, const ExplanationContext& context);

}  // namespace hartbeat::observe
