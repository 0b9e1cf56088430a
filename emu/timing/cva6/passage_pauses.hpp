// When a core looks for passages. What it decides changes the host's time only: the cycles are the same with passages and without.
#pragma once

#include <algorithm>
#include <cstdint>

namespace hartbeat::timing::cva6 {

class PassagePauses {
 public:
  bool over(std::uint64_t cycle) const { return cycle >= until_; }
  // To a node, or to none: what is strange once will be for a while.
  void come(std::uint64_t cycle, bool to_node) {
    came_ = cycle;
    strangeness_ = to_node ? 0 : longer(strangeness_);
    until_ = std::max(until_, cycle + strangeness_);
    cost_ += coming;
    if (!to_node) judge(cycle);
  }
  // From there by so many passages, none of which has the answer: what came to an end soon, will again.
  void end(std::uint64_t cycle, std::uint64_t passages) {
    haste_ = passages < worth ? longer(haste_) : 0;
    until_ = std::max(until_, cycle + haste_);
  }
  // The last of these passages has been left.
  void leave(std::uint64_t cycle, std::uint64_t passages) {
    cycles_ += cycle - came_;
    cost_ += passages;
    judge(cycle);
  }

 private:
  void judge(std::uint64_t cycle) {
    if (cost_ < sample) return;
    const bool pays = cycles_ * 5 >= cost_ * 8;
    doze_ = pays ? shortest_doze : std::min(2 * doze_, longest_doze);
    if (!pays) until_ = cycle + doze_;
    cycles_ = cost_ = 0;
  }

  // A passage takes the host about the time of 1.6 cycles, and to come to a node and to leave it that of some passages (int, mem
  // and the vm workloads of tests/bench). Code that does not gain by them is left alone, and tried again later.
  static constexpr std::uint64_t coming = 5, sample = 1u << 12, shortest_doze = 1u << 14,
                                 longest_doze = 1u << 18;
  static constexpr unsigned longest = 31, worth = 8;
  static unsigned longer(unsigned pause) { return std::min(2 * pause + 1, longest); }

  unsigned strangeness_ = 0, haste_ = 0;
  std::uint64_t until_ = 0, came_ = 0;
  std::uint64_t cycles_ = 0, cost_ = 0;  // of this sample: passed over, and by how many passages' time
  std::uint64_t doze_ = shortest_doze;
};

}  // namespace hartbeat::timing::cva6
