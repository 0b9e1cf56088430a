// Module btb: targets (32 in the RTL) of indirect jumps, untagged, two to a fetch word.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace hartbeat::timing::cva6 {

struct BtbPrediction {
  bool valid = false;
  std::uint64_t target = 0;
};

class Btb {
 public:
  // 0 entries: the core has none.
  explicit Btb(unsigned entries) : mask_(entries / 2 - 1), entries_(entries / 2) {}
  BtbPrediction predict(std::uint64_t address, unsigned slot) const {
    if (entries_.empty()) return {};
    return entries_[(address >> 2) & mask_][slot];
  }
  void update(std::uint64_t pc, std::uint64_t target) {
    if (!entries_.empty()) entries_[(pc >> 2) & mask_][(pc >> 1) & 1] = {true, target};
  }
  void flush() {
    for (auto& row : entries_)
      for (BtbPrediction& e : row) e.valid = false;
  }

 private:
  unsigned mask_;
  std::vector<std::array<BtbPrediction, 2>> entries_;
};

}  // namespace hartbeat::timing::cva6
