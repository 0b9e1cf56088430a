// The instructions behind one that will flush the pipeline: they issue, run and touch caches and TLBs, and never retire. The
// functional core does not execute them (or not yet), so this small interpreter finds their addresses and branches.
#pragma once

#include <array>
#include <cstdint>

#include "emu/timing/cva6/cva6_mmu.hpp"
#include "emu/timing/cva6/decoder.hpp"
#include "emu/timing/retirement.hpp"

namespace hartbeat::timing::cva6 {

class Speculation {
 public:
  void reset() { loaded_ = false; }
  // Executes `d` at `pc` on the speculative registers and describes it as far as timing needs.
  Retirement execute(const Decoded& d, std::uint64_t pc, const HartView& view, const Cva6Tlb& dtlb,
                     const TranslationState& translation);

 private:
  void load_registers(const HartView& view);
  std::uint64_t load(const Decoded& d, std::uint64_t address, const HartView& view, const Cva6Tlb& dtlb,
                     const TranslationState& translation) const;

  bool loaded_ = false;
  std::array<std::uint64_t, 32> x_{};
};

}  // namespace hartbeat::timing::cva6
