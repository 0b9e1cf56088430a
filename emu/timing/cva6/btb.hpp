// Module btb: 32 targets of indirect jumps, untagged, two to a fetch word.
#pragma once

#include <array>
#include <cstdint>

namespace hartbeat::timing::cva6 {

struct BtbPrediction {
  bool valid = false;
  std::uint64_t target = 0;
};

class Btb {
 public:
  static constexpr unsigned rows = 16;
  const BtbPrediction& predict(std::uint64_t address, unsigned slot) const {
    return entries_[(address >> 2) % rows][slot];
  }
  void update(std::uint64_t pc, std::uint64_t target) {
    entries_[(pc >> 2) % rows][(pc >> 1) & 1] = {true, target};
  }
  void flush() {
    for (auto& row : entries_)
      for (BtbPrediction& e : row) e.valid = false;
  }

 private:
  std::array<std::array<BtbPrediction, 2>, rows> entries_{};
};

}  // namespace hartbeat::timing::cva6
