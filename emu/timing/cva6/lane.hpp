// What Cva6Run keeps of each hart; for its own files.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "emu/hart/memory.hpp"
#include "emu/timing/cva6/run.hpp"

namespace hartbeat::timing::cva6 {

// Cycles from the issue of a store to when it can be in a device, at the least: execute, store unit, commit, write buffer,
// miss unit, AXI.
inline constexpr std::uint64_t device_distance = 6;
// How far a hart that takes no interrupt may be ahead of others (stretch); more than that gains little.
inline constexpr std::uint64_t most_lead = 12;

// Cycles between two questions to the host.
inline constexpr std::uint64_t poll_interval = 1u << 20;

// SSIP, STIP, SEIP, MEIP: the lines that are not the CLINT's.
inline constexpr std::uint64_t told_lines = 0xA22;

class Cva6Run::View final : public HartView {
 public:
  explicit View(const Hart& hart) : hart_(hart) {}
  std::uint64_t read_physical(PhysAddr address) const override {
    const Ram& ram = hart_.system->ram;
    const std::uint8_t* host = nullptr;
    if (ram.contains(address, 8))
      host = ram.host(address);
    else
      host = hart_.system->platform.fetchable(address, 8);
    std::uint64_t value = 0;
    if (host) std::memcpy(&value, host, sizeof value);
    return value;
  }
  std::uint64_t integer_register(unsigned index) const override { return hart_.x[index]; }
  std::uint64_t float_register(unsigned index) const override { return hart_.f[index]; }

 private:
  const Hart& hart_;
};

struct Cva6Run::Lane {
  explicit Lane(Hart& h) : hart(h), view(h) {}
  Hart& hart;
  View view;
  Recorder recorder;
  Core* core = nullptr;
  std::uint64_t seen_mip = 0;
  std::uint64_t seen_fences = 0;
  std::uint64_t hears_at = never_cycle;     // when it sees that its lines have been moved
  bool sleeps = false;                      // in wfi with nothing in flight
  bool device_store = false;                // may be on its way to a device
  std::uint64_t due_at = 0, due_after = 0;  // keep_due()
  std::uint64_t moment = 0;                 // when it wants its turn
  // What has been given to the hart's counters.
  StallCounters stalls;
  std::uint64_t cycle = 0;
  std::array<std::uint64_t, 4> cycles_by_privilege{};
};

}  // namespace hartbeat::timing::cva6
