// Module ras: a shifting stack of return addresses (two in the RTL), not repaired after a wrong path.
#pragma once

#include <array>
#include <cstdint>

namespace hartbeat::timing::cva6 {

class Ras {
 public:
  static constexpr unsigned deepest = 32;
  explicit Ras(unsigned depth) : depth_(depth) {}
  struct Entry {
    bool valid = false;
    std::uint64_t address = 0;
  };
  const Entry& top() const { return stack_[0]; }
  void clock(bool push, std::uint64_t address, bool pop) {
    if (push && pop) {
      stack_[0] = {true, address};
    } else if (push) {
      for (unsigned i = depth_ - 1; i > 0; --i) stack_[i] = stack_[i - 1];
      stack_[0] = {true, address};
    } else if (pop) {
      for (unsigned i = 0; i + 1 < depth_; ++i) stack_[i] = stack_[i + 1];
      stack_[depth_ - 1] = {};
    }
  }
  void flush() { stack_.fill({}); }

 private:
  unsigned depth_;
  std::array<Entry, deepest> stack_{};
};

}  // namespace hartbeat::timing::cva6
