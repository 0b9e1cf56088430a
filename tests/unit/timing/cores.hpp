// Bare-metal code on a few modelled cores, with the cycle of every commit.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "emu/machine/machine.hpp"
#include "emu/timing/cva6/run.hpp"
#include "tests/unit/hart/bench.hpp"

namespace hartbeat::test {

// What one hart has committed, in order.
class Commits final : public timing::TraceSink {
 public:
  void on_commit(const timing::TraceRecord& record) override { all.push_back(record); }
  // Commit cycles of the instruction at `pc`.
  std::vector<std::uint64_t> at(std::uint64_t pc) const {
    std::vector<std::uint64_t> out;
    for (const timing::TraceRecord& record : all) {
      if (record.pc == pc) out.push_back(record.commit_cycle);
    }
    return out;
  }
  std::vector<timing::TraceRecord> all;
};

class Cores {
 public:
  Cores(unsigned harts, Assembler& code, const timing::cva6::Cva6Parameters& parameters = {})
      : machine_(small_machine("cva6", harts)) {
    const std::vector<std::uint8_t>& bytes = code.bytes();
    std::copy(bytes.begin(), bytes.end(), host(code.base()));
    for (auto& hart : machine_.system().harts) hart->pc = code.base();
    run_ = std::make_unique<timing::cva6::Cva6Run>(machine_.system(), parameters);
    commits_.resize(harts);
    for (unsigned i = 0; i < harts; ++i) run_->timing().core(i).set_trace(&commits_[i]);
  }
  void run_to(std::uint64_t cycle) {
    System& system = machine_.system();
    system.stop = Stop::none;
    system.clock_limit = cycle;
    system.event_moved();
    run_->run();
  }
  std::uint8_t* host(std::uint64_t physical) { return machine_.system().ram.host(PhysAddr{physical}); }
  std::uint64_t x(Reg reg, unsigned hart = 0) { return machine_.system().harts[hart]->x[reg]; }
  const Commits& commits(unsigned hart = 0) const { return commits_[hart]; }
  timing::cva6::Core& core(unsigned hart = 0) { return run_->timing().core(hart); }
  timing::cva6::PipelineMemo& memo() { return run_->timing().memo(); }
  timing::cva6::Interconnect& interconnect() { return run_->timing().interconnect(); }
  std::uint64_t stalls(timing::Stall cause, unsigned hart = 0) {
    return core(hart).stalls().cycles[static_cast<unsigned>(cause)];
  }

 private:
  Machine machine_;
  std::unique_ptr<timing::cva6::Cva6Run> run_;
  std::vector<Commits> commits_;
};

inline void park(Assembler& as) {
  const Label here = as.bound();
  as.j(here);
}

}  // namespace hartbeat::test
