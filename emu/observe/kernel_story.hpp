// What the guest kernel says about itself in tracepoints (guestos/abi/tracepoints.hpp): faults by resolution,
// copies, forks, frames, signals, unknown system calls. Shootdowns are in shootdown_story.hpp.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "emu/hart/events.hpp"
#include "emu/observe/figures.hpp"
#include "emu/observe/open_spans.hpp"
#include "emu/observe/page_tally.hpp"
#include "guestos/abi/tracepoints.hpp"

namespace hartbeat::observe {

// Frames of 4 KiB by what they are used for; the parts add up to `total()`.
struct FrameStates {
  std::uint64_t free = 0, private_pages = 0, cow_shared = 0, page_cache = 0, page_table = 0, kernel = 0;
  std::uint64_t total() const { return free + private_pages + cow_shared + page_cache + page_table + kernel; }
};

// Frames that processes use (the states private, cow_shared, page_cache and page_table) by their number of
// references: 1, 2, 3, 4, 5 to 8, and more.
struct ReferenceFigures {
  std::array<std::uint64_t, 6> frames{};
  std::uint64_t total() const;
  std::uint64_t saved() const;  // frames that sharing saves, at least
};

// What the kernel's compressed reference counts take, in bytes.
struct ReferenceTableFigures {
  std::uint64_t table = 0;      // two bits a frame
  std::uint64_t side = 0;       // the exact counts of frames with three and more references, now
  std::uint64_t most_side = 0;  // and at most so far
  std::uint64_t plain = 0;      // against a counter of 32 bits for each frame
};

struct FrameFigures {
  std::optional<std::uint64_t> total, free_at_boot, free_at_end;
  std::optional<FrameStates> last;         // as the kernel said last
  std::optional<FrameStates> most_shared;  // when most frames were shared copy-on-write
  std::optional<FrameStates> at_boot;      // as the kernel said first
  struct References {                      // most_shared: when sharing saved most
    std::optional<ReferenceFigures> at_boot, most_shared, last;
    std::optional<ReferenceTableFigures> table;
  } references;
};

// Swap, where the guest has one.
struct SwapFigures {
  std::optional<std::uint64_t> slots, free_at_boot, free_at_end;
  std::uint64_t evicted = 0;  // frames taken from their users
  std::uint64_t written = 0;  // part of these: the others were on the disk already
  std::uint64_t shared = 0;   // part of these: several page-table entries mapped them
};

// A process that the kernel killed because memory had run out.
struct OutOfMemoryKill {
  std::uint64_t process = 0;
  std::uint64_t pages = 0;
  std::uint64_t score = 0;  // thousandths of all memory
  std::uint64_t asking = 0;
};

// Pages of 64 KiB and 2 MiB; the index is abi::LargePageEvent, the first row 64 KiB, the second 2 MiB.
struct LargePageFigures {
  std::array<std::array<std::uint64_t, abi::large_page_event_count>, 2> events{};
  std::uint64_t of(unsigned size, abi::LargePageEvent event) const {
    return events[size][static_cast<unsigned>(event)];
  }
};

// A genuine fault: what the kernel told the process by a signal.
struct FaultMessage {
  std::uint64_t process = 0;
  VirtAddr address;
  std::uint64_t cause = 0;  // scause
  VirtAddr pc;
  std::uint64_t signal = 0;
};

struct UnknownSystemCall {
  std::uint64_t count = 0;
  std::uint64_t first_process = 0;
};

struct KernelFigures {
  bool heard = false;   // at least one tracepoint: the guest has a story
  bool booted = false;  // boot_done
  std::optional<std::uint64_t> shutdown_status;
  FaultFigures faults;
  CopyFigures copies;
  ForkFigures forks;
  FrameFigures frames;
  SwapFigures swap;
  std::vector<OutOfMemoryKill> out_of_memory_kills;
  LargePageFigures large_pages;
  PageTally cow_pages;
  std::uint64_t system_calls = 0;
  std::map<std::uint64_t, UnknownSystemCall> unknown_system_calls;  // by number
  std::uint64_t fault_message_count = 0;
  std::vector<FaultMessage> fault_messages;  // the first few
};

class KernelStory final : public Listener {
 public:
  Wants wants() const override { return {.tracepoints = true}; }
  void on(const TracepointEvent& event) override;

  const KernelFigures& figures() const { return figures_; }

 private:
  void end_fault(const TracepointEvent& event);
  void end_copy(const TracepointEvent& event);
  void end_fork(const TracepointEvent& event);
  void set_frames(const TracepointEvent& event);
  void set_references(const TracepointEvent& event);
  void set_swap_slots(const TracepointEvent& event);
  void add_swap_out(const TracepointEvent& event);
  void add_large_page(const TracepointEvent& event);
  void add_fault_message(const TracepointEvent& event);

  KernelFigures figures_;
  OpenSpans faults_, copies_, forks_;
};

}  // namespace hartbeat::observe
