// Call stacks of the guest's threads, followed through calls, returns, traps and context switches, with what was spent in
// each: the tree behind flame graphs and Callgrind profiles.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "emu/observe/guest_places.hpp"
#include "emu/observe/trace.hpp"

namespace hartbeat::observe {

enum class Cost : std::uint8_t { cycles, instructions, tlb_misses, faults, copies, count_ };
inline constexpr std::size_t cost_count = static_cast<std::size_t>(Cost::count_);
inline constexpr std::array<const char*, cost_count> cost_names = {"cycles", "instructions", "tlb_misses",
                                                                   "faults", "copies"};
using Costs = std::array<std::uint64_t, cost_count>;
inline void add(Costs& sum, const Costs& more) {
  for (std::size_t i = 0; i < cost_count; ++i) sum[i] += more[i];
}

class CallStacks final : public Listener {
 public:
  // A function as called from one place by one caller; the roots are threads.
  struct Node {
    unsigned parent = 0;    // index; of a root: itself
    unsigned function = 0;  // GuestPlaces; of a root: nothing
    unsigned call_line = 0;
    std::uint64_t calls = 0;
    Costs self{};
  };

  explicit CallStacks(const TraceContext& context);

  Wants wants() const override {
    return {.traps = true, .walks = true, .tracepoints = true, .retired = true};
  }
  void on(const TrapEvent& event) override;
  void on(const TrapReturnEvent& event) override;
  void on(const WalkEvent& event) override;
  void on(const TracepointEvent& event) override;
  void on(const RetireEvent& event) override;

  // Parents stand before their children.
  const std::vector<Node>& nodes() const { return nodes_; }
  // The name of a root: "cow-basic", "boot hart 0", "kernel hart 1".
  const std::map<unsigned, std::string>& roots() const { return roots_; }
  // What was spent in each source line, by GuestPlaces' index.
  const std::vector<Costs>& lines() const { return lines_; }
  const GuestPlaces& places() const { return places_; }

 private:
  struct Frame {
    unsigned node = 0;
    std::uint64_t returns_to = 0;
    std::uint8_t trap_level = 0xff;  // the frame is a trap handler's: in that privilege
  };
  struct Stack {
    unsigned root = 0;
    std::vector<Frame> frames;
  };
  struct Lane {  // a hart
    Stack* stack = nullptr;
    bool called = false;  // the next instruction is a function's first
    std::uint64_t return_address = 0;
    unsigned call_line = 0;
    std::uint8_t trapped_to = 0xff;
    bool returning = false;
    std::uint8_t returns_from = 0;
    // Whose the cycles are that pass until the next event.
    unsigned node = 0, line = 0;
    std::uint64_t cycle = 0;
    bool charged = false;
  };

  Stack& stack_of(HartId hart);
  unsigned child(unsigned parent, unsigned function, unsigned call_line);
  GuestPlaces::Place arrive(Lane& lane, const EventSite& site);
  void enter(Lane& lane, const GuestPlaces::Place& place);
  void follow(Lane& lane, const RetireEvent& event, unsigned line);
  void leave_trap(Stack& stack, std::uint8_t level);
  void charge_cycles(Lane& lane, std::uint64_t cycle);
  void charge(const EventSite& site, Cost cost);
  Costs& line_costs(unsigned line);

  GuestPlaces places_;
  std::vector<Node> nodes_;
  std::map<std::tuple<unsigned, unsigned, unsigned>, unsigned> children_;
  std::map<unsigned, std::string> roots_;
  std::map<std::string, unsigned> root_of_;
  std::map<std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>, Stack> stacks_;
  std::vector<Lane> lanes_;
  std::vector<Costs> lines_;
};

}  // namespace hartbeat::observe
