// The kernel's story and the hardware's side by side. They must agree; where they do not, one of them is
// wrong.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "emu/observe/hardware_story.hpp"
#include "emu/observe/kernel_story.hpp"

namespace hartbeat::observe {

struct ComparisonRow {
  std::string what;
  std::uint64_t kernel = 0;
  std::uint64_t hardware = 0;
  // What the hardware could not decide, by which one number may exceed the other.
  std::uint64_t kernel_excess = 0, hardware_excess = 0;
  bool agrees() const {
    return kernel >= hardware ? kernel - hardware <= kernel_excess : hardware - kernel <= hardware_excess;
  }
};

struct Comparison {
  bool possible = false;  // the kernel told a story
  std::vector<ComparisonRow> rows;
  bool agrees() const;  // true when not possible
};

Comparison compare(const KernelFigures& kernel, const InferredFigures& hardware);

}  // namespace hartbeat::observe
