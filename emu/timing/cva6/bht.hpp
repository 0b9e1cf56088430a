// Module bht: two-bit counters (128 in the RTL), untagged, two to a fetch word; valid only once updated.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace hartbeat::timing::cva6 {

struct BhtPrediction {
  bool valid = false, taken = false;
};

class Bht {
 public:
  // 0 entries: the core has none, and predicts by direction alone.
  explicit Bht(unsigned entries) : mask_(entries / 2 - 1), entries_(entries / 2) {}
  // Prediction for halfword `slot` (0 or 1) of the fetch word at `address`.
  BhtPrediction predict(std::uint64_t address, unsigned slot) const {
    if (entries_.empty()) return {};
    const Entry e = entries_[(address >> 2) & mask_][slot];
    return {e.valid, e.counter >= 2};
  }
  void update(std::uint64_t pc, bool taken) {
    if (entries_.empty()) return;
    Entry& e = entries_[(pc >> 2) & mask_][(pc >> 1) & 1];
    e.valid = true;
    if (taken)
      e.counter += e.counter < 3;
    else
      e.counter -= e.counter > 0;
  }
  void flush() {
    for (auto& row : entries_) row.fill({false, 2});
  }

 private:
  struct Entry {
    bool valid = false;
    std::uint8_t counter = 0;
  };
  unsigned mask_;
  std::vector<std::array<Entry, 2>> entries_;
};

}  // namespace hartbeat::timing::cva6
