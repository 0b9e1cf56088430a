// Which performance event is which selector of mhpmevent, and which counters can count it, as the device tree's node
// `riscv,pmu` tells it (the binding that OpenSBI reads). Reads only; also built for the host, for its tests.
#pragma once

#include <array>
#include <cstdint>

#include "guestos/firmware/device_tree.hpp"

namespace hartbeat::firmware {

// An event index (SBI 2.0, 11.1 to 11.5): its type in bits 19:16, its code below.
enum class PmuEventType : std::uint32_t { hardware = 0, cache = 1, raw = 2, firmware = 15 };

struct PmuEvent {
  std::uint32_t index = 0;
  std::uint64_t data = 0;  // of a raw event: the selector
  PmuEventType type() const { return static_cast<PmuEventType>(index >> 16); }
  std::uint32_t code() const { return index & 0xffff; }
};

inline constexpr std::uint32_t pmu_cycles_event = 1;
inline constexpr std::uint32_t pmu_instructions_event = 2;
inline constexpr unsigned cycle_counter =
    0;  // mcycle and minstret among the counters: their place in mcounteren
inline constexpr unsigned time_counter = 1;
inline constexpr unsigned instret_counter = 2;
inline constexpr unsigned first_programmable_counter = 3;

class PmuEvents {
 public:
  // Takes what the node says; rows beyond `most_rows` of a property are left out.
  void read(const DeviceTree::Node& node);
  // Counters, by bit, that can count the event.
  std::uint32_t counters_of(const PmuEvent& event) const;
  // What mhpmevent's low bits are to be. An event without a row of its own is its own selector, as on QEMU's board.
  std::uint64_t selector_of(const PmuEvent& event) const;

 private:
  static constexpr unsigned most_rows = 32;
  struct Selector {
    std::uint32_t event;
    std::uint64_t value;
  };
  struct Range {
    std::uint32_t first, last, counters;
  };
  struct Raw {
    std::uint64_t select, mask;
    std::uint32_t counters;
  };
  template <typename Row>
  struct Rows {
    std::array<Row, most_rows> row{};
    unsigned count = 0;
    const Row* begin() const { return row.data(); }
    const Row* end() const { return row.data() + count; }
    void add(const Row& next) {
      if (count < most_rows) row[count++] = next;
    }
  };
  Rows<Selector> selectors_;
  Rows<Range> ranges_;
  Rows<Raw> raws_;
};

}  // namespace hartbeat::firmware
