// The instructions behind one that will flush the pipeline: they issue, run and touch caches and TLBs, and
// never retire. The functional core does not execute them (or not yet), so this small interpreter finds their
// addresses and branches.
#pragma once

#include <cstdint>

#include "emu/timing/cva6/cva6_mmu.hpp"
#include "emu/timing/cva6/decoder.hpp"
#include "emu/timing/cva6/integer_rows.hpp"
#include "emu/timing/retirement.hpp"

namespace hartbeat::timing::cva6 {

class Speculation {
 public:
  explicit Speculation(isa::ExtensionSet extensions) : extensions_(extensions) {}

  // Starts over behind an instruction that has just been issued in `cycle`. An atomic's destination holds no
  // result yet: `amo_rd` is its register (0: not an atomic).
  void reset(unsigned amo_rd, std::uint64_t cycle) {
    loaded_ = false;
    amo_rd_ = amo_rd;
    started_ = cycle;
  }
  // Executes `d` at `pc` on the speculative registers and describes it as far as timing needs.
  [[gnu::noinline]] Retirement execute(const Decoded& d, std::uint64_t pc, std::uint64_t cycle,
                                       const HartView& view, const Cva6Tlb& dtlb,
                                       const TranslationState& translation);
  // Operands and next pc of a branch or jump on the same registers, which stay as they are.
  void follow(const Decoded& d, std::uint64_t pc, const HartView& view, Retirement& out);

 private:
  void load_registers(const HartView& view);
  std::uint64_t load(const Decoded& d, std::uint64_t address, const HartView& view, const Cva6Tlb& dtlb,
                     const TranslationState& translation) const;

  bool loaded_ = false;
  unsigned amo_rd_ = 0;
  std::uint64_t started_ = 0;
  isa::ExtensionSet extensions_;
  IntegerState integers_;
};

}  // namespace hartbeat::timing::cva6
