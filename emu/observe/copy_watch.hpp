// What the copies were good for: how many of the copied bytes the process changed afterwards. The rest was
// copied in vain (write amplification).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <vector>

#include "emu/hart/events.hpp"

namespace hartbeat::observe {

// Reads guest memory without any effect on the guest; false when there is no memory.
using ReadMemory = std::function<bool(PhysAddr, std::span<std::uint8_t>)>;

struct CopyUseFigures {
  std::uint64_t measured_pages = 0;  // of 4 KiB, of copies, that could be compared at the end of their use
  std::uint64_t changed_bytes = 0;   // bytes of those that differed from what had been copied
};

// A copy of any size is looked at in pages of 4 KiB: parts of it may be unmapped. It is compared when the
// process that made it forks (then it is shared anew), exits or executes another program, or when the run
// ends. A page whose frame was reused before that (munmap) is left out of `measured_pages`.
class CopyWatch final : public Listener {
 public:
  // An empty `read_memory` measures nothing.
  explicit CopyWatch(ReadMemory read_memory) : read_memory_(std::move(read_memory)) {}

  Wants wants() const override { return {.tracepoints = static_cast<bool>(read_memory_)}; }
  void on(const TracepointEvent& event) override;

  // The run is over: what is still alive is compared now.
  void finish();

  const CopyUseFigures& figures() const { return figures_; }
  // Changed bytes of each copy of the run, in the order in which they were made; -1: not measured.
  const std::vector<std::int32_t>& changed() const { return changed_; }

 private:
  struct Copy {
    std::uint64_t process = 0;
    std::size_t number = 0;                 // index into changed_
    std::vector<std::uint8_t> content;      // as copied
    std::int64_t changed_before_exec = -1;  // compared when execve was called; -1: it was not
  };

  void remember(const TracepointEvent& event);
  void forget(std::uint64_t first, std::uint64_t frames);
  std::int64_t changed_bytes(std::uint64_t frame, const Copy& copy);
  void before_exec(std::uint64_t process);
  void release(std::uint64_t process, bool executed);
  void add(const Copy& copy, std::int64_t changed);

  ReadMemory read_memory_;
  std::map<std::uint64_t, Copy> copies_;  // by frame number
  std::vector<std::uint8_t> now_;
  std::vector<std::int32_t> changed_;
  CopyUseFigures figures_;
};

}  // namespace hartbeat::observe
