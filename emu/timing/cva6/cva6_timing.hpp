// The cycle model of N CVA6 cores on one memory, as the rest of the emulator sees it. The protocol is in
// emu/timing/retirement.hpp.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "emu/timing/cva6/core.hpp"
#include "emu/timing/cva6/interconnect.hpp"
#include "emu/timing/cva6/parameters.hpp"
#include "emu/timing/cycle.hpp"

namespace hartbeat::timing::cva6 {

class Cva6Timing {
 public:
  // `views[i]` answers for hart i and must outlive the model.
  Cva6Timing(const Cva6Parameters& parameters, const std::vector<const HartView*>& views,
             isa::ExtensionSet extensions);
  ~Cva6Timing();

  unsigned harts() const { return static_cast<unsigned>(cores_.size()); }
  // All states that may have a node get one, also those that have not come before.
  void want_all_nodes(bool on) { memo_.want_all(on); }
  Core& core(unsigned hart) { return *cores_[hart]; }
  const Core& core(unsigned hart) const { return *cores_[hart]; }
  Interconnect& interconnect() { return interconnect_; }
  PipelineMemo& memo() { return memo_; }

  // Runs the hart up to the cycle `horizon`. True: it needs the next retirement. False: the horizon has been
  // reached, the hart sleeps and nothing in the model wakes it before, or something has happened that concerns
  // others: a write to the CLINT, a fence that has committed.
  bool run(unsigned hart, std::uint64_t horizon);
  // Either what Core::record() holds by now, or `retirement`.
  void retire(unsigned hart) { cores_[hart]->given(); }
  void retire(unsigned hart, const Retirement& retirement) {
    cores_[hart]->record() = retirement;
    retire(hart);
  }

  // The cycle in which the instruction described by `retirement` will commit (what it reads in mcycle). None
  // when it stands behind a wfi that still sleeps at `horizon`, from where on others may wake it: then it is
  // not to be executed, and run() goes on until the hart is awake.
  std::optional<std::uint64_t> predict_commit(unsigned hart, const Retirement& retirement,
                                              std::uint64_t horizon);
  // The cycle in which the uncached load described by `retirement` will leave on AR.
  std::uint64_t predict_device_read(unsigned hart, const Retirement& retirement);
  // Lets what has been issued commit and its stores reach memory, with nothing behind. The cycle of the last
  // write.
  std::uint64_t drain(unsigned hart);

 private:
  class SnoopPort;
  void forget();
  // A copy of the hart's core that may run ahead, on an interconnect that forgets.
  Core& rehearse(unsigned hart, const Retirement& retirement);

  Interconnect interconnect_;
  DecodeCache decode_;
  PipelineMemo memo_;
  PassageMemo passages_;
  std::vector<std::unique_ptr<Core>> cores_;
  std::vector<std::unique_ptr<SnoopPort>> snoops_;
  std::unique_ptr<Core> rehearsal_;
};

}  // namespace hartbeat::timing::cva6
