// Module bht: 128 two-bit counters, untagged, two to a fetch word; valid only once updated.
#pragma once

#include <array>
#include <cstdint>

namespace hartbeat::timing::cva6 {

struct BhtPrediction {
  bool valid = false, taken = false;
};

class Bht {
 public:
  static constexpr unsigned rows = 64;
  // Prediction for halfword `slot` (0 or 1) of the fetch word at `address`.
  BhtPrediction predict(std::uint64_t address, unsigned slot) const {
    const Entry e = entries_[(address >> 2) % rows][slot];
    return {e.valid, e.counter >= 2};
  }
  void update(std::uint64_t pc, bool taken) {
    Entry& e = entries_[(pc >> 2) % rows][(pc >> 1) & 1];
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
  std::array<std::array<Entry, 2>, rows> entries_{};
};

}  // namespace hartbeat::timing::cva6
