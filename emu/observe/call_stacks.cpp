#include "emu/observe/call_stacks.hpp"

#include <algorithm>

#include "emu/isa/table.hpp"

namespace hartbeat::observe {
namespace {

constexpr std::uint8_t no_trap = 0xff;
constexpr std::size_t deepest = 1024;  // frames of one thread; deeper calls are counted in the last one

// x1 and x5 are link registers (unprivileged spec, "Unconditional Jumps", return-address stack hints).
bool is_link(unsigned reg) { return reg == 1 || reg == 5; }

bool is_page_fault(const TrapEvent& event) {
  return !event.interrupt && (event.cause == 12 || event.cause == 13 || event.cause == 15);
}

}  // namespace

CallStacks::CallStacks(const TraceContext& context) : places_(context), lanes_(context.harts) {}

CallStacks::Stack& CallStacks::stack_of(HartId hart) {
  const GuestPlaces::Thread thread = places_.on(hart);
  // What no process runs is the hart's own.
  const bool own = !thread.known || thread.pid == 0;
  const auto key = own ? std::tuple{std::uint64_t{thread.known}, std::uint64_t{0}, std::uint64_t{hart.value}}
                       : std::tuple{std::uint64_t{2}, thread.pid, thread.tid};
  const auto [entry, fresh] = stacks_.try_emplace(key);
  if (fresh) entry->second.frames.reserve(64);
  std::string name = places_.name_of(thread);
  if (own) name += " hart " + std::to_string(hart.value);
  const auto [root, fresh_root] = root_of_.try_emplace(name, static_cast<unsigned>(nodes_.size()));
  if (fresh_root) {
    nodes_.push_back({root->second, 0, 0, 0, {}});
    roots_[root->second] = name;
  }
  if (entry->second.root != root->second || fresh) {  // a program has replaced another one: exec
    entry->second.frames.clear();
    entry->second.root = root->second;
  }
  return entry->second;
}

unsigned CallStacks::child(unsigned parent, unsigned function, unsigned call_line) {
  const auto [entry, fresh] =
      children_.try_emplace({parent, function, call_line}, static_cast<unsigned>(nodes_.size()));
  if (fresh) nodes_.push_back({parent, function, call_line, 0, {}});
  return entry->second;
}

Costs& CallStacks::line_costs(unsigned line) {
  if (line >= lines_.size()) lines_.resize(line + 1);
  return lines_[line];
}

void CallStacks::charge_cycles(Lane& lane, std::uint64_t cycle) {
  if (lane.charged && cycle > lane.cycle) {
    nodes_[lane.node].self[static_cast<std::size_t>(Cost::cycles)] += cycle - lane.cycle;
    line_costs(lane.line)[static_cast<std::size_t>(Cost::cycles)] += cycle - lane.cycle;
  }
  lane.cycle = std::max(lane.cycle, cycle);
}

// What happens on behalf of the instruction that is about to retire, or to trap.
void CallStacks::charge(const EventSite& site, Cost cost) {
  Lane& lane = lanes_[site.hart.value];
  if (lane.stack == nullptr) lane.stack = &stack_of(site.hart);
  const GuestPlaces::Place place = places_.at(site);
  enter(lane, place);
  ++nodes_[lane.stack->frames.back().node].self[static_cast<std::size_t>(cost)];
  ++line_costs(place.line)[static_cast<std::size_t>(cost)];
}

// The hart is about to execute at `place`: makes the top frame that function's.
void CallStacks::enter(Lane& lane, const GuestPlaces::Place& place) {
  Stack& stack = *lane.stack;
  const bool pushes = lane.called || lane.trapped_to != no_trap || stack.frames.empty();
  if (pushes && stack.frames.size() < deepest) {
    const unsigned parent = stack.frames.empty() ? stack.root : stack.frames.back().node;
    const unsigned node = child(parent, place.function, lane.call_line);
    ++nodes_[node].calls;
    stack.frames.push_back({node, lane.return_address, lane.trapped_to});
  } else if (nodes_[stack.frames.back().node].function != place.function) {
    Frame& top = stack.frames.back();  // a jump into another function: a tail call
    top.node = child(nodes_[top.node].parent, place.function, nodes_[top.node].call_line);
    ++nodes_[top.node].calls;
  }
  lane.called = false;
  lane.trapped_to = no_trap;
}

void CallStacks::leave_trap(Stack& stack, std::uint8_t level) {
  for (std::size_t i = stack.frames.size(); i-- > 0;) {
    if (stack.frames[i].trap_level != level) continue;
    stack.frames.resize(i);
    return;
  }
  stack.frames.clear();  // it began in the kernel
}

void CallStacks::follow(Lane& lane, const RetireEvent& event, unsigned line) {
  const isa::Unit unit = isa::row_infos[event.operands->row].unit;
  const unsigned rd = event.operands->rd & 31;
  const std::uint64_t behind = event.site.pc.value + event.length;
  if ((unit == isa::Unit::jump || unit == isa::Unit::jump_register) && is_link(rd)) {
    lane.called = true;
    lane.return_address = behind;
    lane.call_line = line;
    return;
  }
  if (unit != isa::Unit::jump_register || rd != 0 || !is_link(event.operands->rs1)) return;
  std::vector<Frame>& frames = lane.stack->frames;
  for (std::size_t i = frames.size(); i-- > 0 && frames[i].trap_level == no_trap;) {
    if (frames[i].returns_to != event.next_pc.value) continue;
    frames.resize(i);
    return;
  }
}

// The hart is at that place now; what has passed since its last event is charged to where it was.
GuestPlaces::Place CallStacks::arrive(Lane& lane, const EventSite& site) {
  if (lane.stack == nullptr) lane.stack = &stack_of(site.hart);
  charge_cycles(lane, site.cycle.value);
  const GuestPlaces::Place place = places_.at(site);
  enter(lane, place);
  return place;
}

void CallStacks::on(const RetireEvent& event) {
  Lane& lane = lanes_[event.site.hart.value];
  const GuestPlaces::Place place = arrive(lane, event.site);
  const unsigned node = lane.stack->frames.back().node;
  ++nodes_[node].self[static_cast<std::size_t>(Cost::instructions)];
  ++line_costs(place.line)[static_cast<std::size_t>(Cost::instructions)];
  lane.node = node;
  lane.line = place.line;
  lane.charged = true;
  if (lane.returning) {
    leave_trap(*lane.stack, lane.returns_from);
    lane.returning = false;
    lane.stack = nullptr;  // whose turn it is now may have changed meanwhile
    return;
  }
  follow(lane, event, place.line);
}

void CallStacks::on(const TrapEvent& event) {
  Lane& lane = lanes_[event.site.hart.value];
  const GuestPlaces::Place place = arrive(lane, event.site);
  if (is_page_fault(event)) charge(event.site, Cost::faults);
  lane.node = lane.stack->frames.back().node;  // what the trap itself costs
  lane.line = place.line;
  lane.charged = true;
  lane.trapped_to = static_cast<std::uint8_t>(event.target);
  lane.return_address = event.site.pc.value;
  lane.call_line = place.line;
}

void CallStacks::on(const TrapReturnEvent& event) {
  Lane& lane = lanes_[event.site.hart.value];
  lane.returning = true;
  lane.returns_from = static_cast<std::uint8_t>(event.site.privilege);
}

void CallStacks::on(const WalkEvent& event) { charge(event.site, Cost::tlb_misses); }

void CallStacks::on(const TracepointEvent& event) {
  places_.hear(event);
  Lane& lane = lanes_[event.site.hart.value];
  if (event.number == abi::Tracepoint::copy_end) charge(event.site, Cost::copies);
  if (event.number == abi::Tracepoint::process_switch || event.number == abi::Tracepoint::process_name)
    lane.stack = nullptr;
}

}  // namespace hartbeat::observe
