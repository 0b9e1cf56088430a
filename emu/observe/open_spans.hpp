// Pairs the begin and end tracepoints of a guest kernel, which may be interrupted or move to another hart
// between.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "emu/timing/cycle.hpp"

namespace hartbeat::observe {

class OpenSpans {
 public:
  void begin(HartId hart, std::uint64_t process, std::uint64_t key, Cycle at) {
    open_.push_back({hart, process, key, at});
  }

  // Cycles since the matching begin: the latest one with the same process and key, of the same hart if there
  // is one. Empty when there was none.
  std::optional<std::uint64_t> end(HartId hart, std::uint64_t process, std::uint64_t key, Cycle at) {
    std::size_t found = open_.size();
    for (std::size_t i = open_.size(); i-- > 0;) {
      const Span& span = open_[i];
      if (span.process != process || span.key != key) continue;
      if (found == open_.size()) found = i;
      if (span.hart != hart) continue;
      found = i;
      break;
    }
    if (found == open_.size()) return std::nullopt;
    const std::uint64_t began = open_[found].at.value;
    open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(found));
    return at.value > began ? at.value - began : 0;
  }

  // Forgets what a process has left open: it has ended.
  void drop(std::uint64_t process) {
    std::erase_if(open_, [&](const Span& span) { return span.process == process; });
  }

 private:
  struct Span {
    HartId hart;
    std::uint64_t process;
    std::uint64_t key;
    Cycle at;
  };
  std::vector<Span> open_;  // a handful: one per thread that is inside the kernel
};

}  // namespace hartbeat::observe
