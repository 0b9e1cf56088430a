// The round-robin arbiter that CVA6 uses everywhere (common_cells rr_arb_tree, FairArb).
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace hartbeat::timing::cva6 {

// What a tree for `inputs` requesters, a power of two, selects when `next` has the highest priority.
constexpr unsigned tree_pick(unsigned inputs, unsigned next, std::uint32_t requests) {
  unsigned index = 0;
  unsigned width = inputs / 2;
  for (unsigned bit = static_cast<unsigned>(std::countr_zero(inputs)); bit-- > 0; width /= 2) {
    const std::uint32_t left = requests & ((1u << width) - 1), right = requests >> width;
    const bool select = left == 0 || (right != 0 && ((next >> bit) & 1));
    index = index * 2 + select;
    requests = select ? right : left;
  }
  return index;
}

// Of up to eight requesters, by next and requests: a smaller tree selects as the left branch of a larger one does.
inline constexpr auto small_tree_picks = [] {
  std::array<std::array<std::uint8_t, 256>, 8> out{};
  for (unsigned next = 0; next < 8; ++next)
    for (unsigned requests = 0; requests < 256; ++requests)
      out[next][requests] = static_cast<std::uint8_t>(tree_pick(8, next, requests));
  return out;
}();

// `inputs` is a power of two. `pick` is combinational, and has at least one request; `grant` is the clock edge of a cycle
// with a grant.
class RoundRobin {
 public:
  explicit RoundRobin(unsigned inputs) : inputs_(inputs) {}
  unsigned pick(std::uint32_t requests) const {
    return inputs_ <= 8 ? small_tree_picks[next_][requests] : tree_pick(inputs_, next_, requests);
  }
  void grant(std::uint32_t requests) {
    if (requests != 0) next_ = behind(requests);
  }
  // Whose turn it is behind a grant.
  unsigned behind(std::uint32_t requests) const {
    const std::uint32_t above = requests & ~((2u << next_) - 1);
    return static_cast<unsigned>(std::countr_zero(above ? above : requests));
  }
  // Comes to a turn in which, of these two, the first is picked, and the second is behind.
  void turn_to(unsigned first, unsigned second) {
    const std::uint32_t both = (1u << first) | (1u << second);
    for (next_ = 0; next_ < inputs_; ++next_)
      if (pick(both) == first && behind(both) == second) return;
  }
  // pick() and grant() of one requester.
  unsigned grant_only(std::uint32_t request) {
    return next_ = static_cast<unsigned>(std::countr_zero(request));
  }
  template <class Archive>
  void visit(Archive& a) {
    a.bits(next_);
  }

 private:
  unsigned inputs_;
  unsigned next_ = 0;  // rr_q: the index with the highest priority
};

// With LockIn: a decision that was not granted stays, whatever else asks meanwhile.
class LockedRoundRobin {
 public:
  explicit LockedRoundRobin(unsigned inputs) : arbiter_(inputs) {}
  std::uint32_t effective(std::uint32_t requests) const { return locked_ ? held_ : requests; }
  unsigned pick(std::uint32_t requests) const { return arbiter_.pick(effective(requests)); }
  void clock(std::uint32_t requests, bool granted) {
    if (locked_ && !granted) return;
    const std::uint32_t seen = effective(requests);
    if (granted) arbiter_.grant(seen);
    locked_ = seen != 0 && !granted;
    held_ = seen;
  }
  // A decision that stays is no more than who is picked, and whose turn it is then.
  template <class Archive>
  void visit(Archive& a) {
    a.bits(locked_);
    if (!locked_) return arbiter_.visit(a);
    unsigned first = arbiter_.pick(held_), second = arbiter_.behind(held_);
    a.bits(first);
    a.bits(second);
    if constexpr (Archive::restores) {
      arbiter_.turn_to(first, second);
      held_ = (1u << first) | (1u << second);
    }
  }

 private:
  RoundRobin arbiter_;
  bool locked_ = false;
  std::uint32_t held_ = 0;
};

}  // namespace hartbeat::timing::cva6
