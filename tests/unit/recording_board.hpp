// A board without a machine: it remembers what devices have asked of it.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "emu/devices/board.hpp"

namespace hartbeat::test {

class RecordingBoard final : public Board {
 public:
  void set_interrupt(HartId hart, unsigned mip_bit, bool level) override {
    levels[{hart.value, mip_bit}] = level;
  }
  void memory_written(PhysAddr address, std::uint64_t length) override {
    written.push_back({address.value, length});
  }
  void event_moved() override { ++events_moved; }
  void power_off(int exit_status) override { status = exit_status; }
  void reset() override { was_reset = true; }

  bool level(unsigned hart, unsigned mip_bit) const {
    const auto found = levels.find({hart, mip_bit});
    return found != levels.end() && found->second;
  }
  bool saw_write_to(std::uint64_t address) const {
    for (const auto& [start, length] : written) {
      if (address - start < length) return true;
    }
    return false;
  }

  std::map<std::pair<unsigned, unsigned>, bool> levels;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> written;
  std::optional<int> status;
  bool was_reset = false;
  int events_moved = 0;
};

}  // namespace hartbeat::test
