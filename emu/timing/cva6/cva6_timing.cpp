#include "emu/timing/cva6/cva6_timing.hpp"

#include <algorithm>

namespace hartbeat::timing::cva6 {
namespace {
// No instruction takes this long; a prediction that does not end is a defect, and must not hang the run.
constexpr std::uint64_t patience = 1'000'000;
}  // namespace

class Cva6Timing::SnoopPort final : public Snooped {
 public:
  explicit SnoopPort(Core& core) : core_(core) {}
  bool holds_line(std::uint64_t address, std::uint64_t cycle, unsigned writer) const override {
    return core_.dcache_holds(address, cycle, writer);
  }
  void post_invalidation(std::uint64_t address, std::uint64_t arrival) override {
    core_.post_invalidation(address, arrival);
  }

 private:
  Core& core_;
};

Cva6Timing::Cva6Timing(const Cva6Parameters& parameters, const std::vector<const HartView*>& views,
                       isa::ExtensionSet extensions)
    : interconnect_(parameters.memory, static_cast<unsigned>(views.size())), decode_(extensions) {
  for (unsigned hart = 0; hart < views.size(); ++hart) {
    cores_.push_back(
        std::make_unique<Core>(parameters, hart, interconnect_, *views[hart], decode_, memo_, passages_));
    snoops_.push_back(std::make_unique<SnoopPort>(*cores_.back()));
    interconnect_.attach(hart, snoops_.back().get());
  }
}

Cva6Timing::~Cva6Timing() = default;

bool Cva6Timing::run(unsigned hart, std::uint64_t horizon) {
  Core& core = *cores_[hart];
  if (memo_.full() || passages_.stale()) forget();
  const std::uint64_t wires = interconnect_.clint.writes(), fences = core.fences();
  while (core.cycle() < horizon) {
    if (core.needs_record()) return true;
    core.step();
    // Who sleeps, and who has just woken a sleeper, leaves it to the caller whose turn it is.
    if (interconnect_.clint.writes() != wires || (core.asleep() && core.dormant())) return false;
    if (core.fences() != fences) return false;
    core.skip(horizon);
    if (interconnect_.clint.writes() != wires) return false;
  }
  return false;
}

void Cva6Timing::forget() {
  for (const auto& core : cores_) core->thaw();
  memo_.clear();
  passages_.clear();
}

Core& Cva6Timing::rehearse(unsigned hart, const Retirement& retirement) {
  if (!rehearsal_)
    rehearsal_ = std::make_unique<Core>(*cores_[hart]);
  else
    *rehearsal_ = *cores_[hart];
  rehearsal_->set_trace(nullptr);
  rehearsal_->rehearse();
  rehearsal_->record() = retirement;
  rehearsal_->given();
  rehearsal_->hold_issue(true);
  return *rehearsal_;
}

std::optional<std::uint64_t> Cva6Timing::predict_commit(unsigned hart, const Retirement& retirement,
                                                        std::uint64_t horizon) {
  interconnect_.rehearse(true);
  Core& core = rehearse(hart, retirement);
  const std::uint64_t limit = core.cycle() + patience;
  while (!core.drained() && core.cycle() < limit && !(core.asleep() && core.cycle() >= horizon)) {
    core.step();
    if (core.asleep()) core.skip(horizon);
  }
  const bool slept = core.asleep();
  interconnect_.rehearse(false);
  if (slept) {
    cores_[hart]->await_wake();
    return std::nullopt;
  }
  return core.last_commit();
}

std::uint64_t Cva6Timing::predict_device_read(unsigned hart, const Retirement& retirement) {
  interconnect_.rehearse(true);
  Core& core = rehearse(hart, retirement);
  const std::uint64_t before = core.last_uncached_read(), limit = core.cycle() + patience;
  while (core.last_uncached_read() == before && !core.drained() && core.cycle() < limit) core.step();
  interconnect_.rehearse(false);
  return core.last_uncached_read();
}

std::uint64_t Cva6Timing::drain(unsigned hart) {
  Core& core = *cores_[hart];
  core.is_last();
  core.hold_issue(true);
  const std::uint64_t limit = core.cycle() + patience;
  while (!(core.drained() && core.stores_drained()) && core.cycle() < limit) core.step();
  core.hold_issue(false);
  return core.last_write();
}

}  // namespace hartbeat::timing::cva6
