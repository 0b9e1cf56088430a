// The page faults that are kept one by one: the first ones, the one the user asked for, and those that a
// process was told of by a signal.
#pragma once

#include <vector>

#include "emu/observe/fault_record.hpp"

namespace hartbeat::observe {

class FaultJournal {
 public:
  FaultJournal(std::size_t most, std::uint64_t wanted) : most_(most), wanted_(wanted) {}

  void add(const FaultRecord& fault) {
    if (fault.number == 0) return;
    ++count_;
    const bool signalled = fault.signal != 0 && signalled_++ < most_signalled;
    if (faults_.size() < most_ || fault.number == wanted_ || signalled) faults_.push_back(fault);
  }

  const std::vector<FaultRecord>& faults() const { return faults_; }  // in the order in which they ended
  std::uint64_t count() const { return count_; }

 private:
  static constexpr std::size_t most_signalled = 16;

  std::size_t most_, signalled_ = 0;
  std::uint64_t wanted_, count_ = 0;
  std::vector<FaultRecord> faults_;
};

}  // namespace hartbeat::observe
