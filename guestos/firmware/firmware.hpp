// The firmware's whole state: one object, made by the boot hart, shared by all harts.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "guestos/firmware/console.hpp"
#include "guestos/firmware/platform.hpp"
#include "guestos/firmware/pmu.hpp"

namespace hartbeat::firmware {

// States 0 to 6 are those of SBI 2.0, chapter 9 (HSM).
enum class HartState : std::uint32_t {
  started = 0,
  stopped = 1,
  start_pending = 2,
  stop_pending = 3,
  suspended = 4,
  suspend_pending = 5,
  resume_pending = 6,
  claimed = 7,  // somebody starts it and is still writing where; reported as start_pending
};

// What a remote fence asks for (SBI 2.0, chapter 8).
struct FenceRequest {
  enum class Kind : std::uint8_t { instruction, address, address_and_asid };
  Kind kind = Kind::instruction;
  bool everything = false;       // no range: all addresses
  std::uint64_t first_page = 0;  // address of the first page
  std::uint64_t pages = 0;
  std::uint64_t asid = 0;
};

struct alignas(64) Hart {
  std::atomic<HartState> state{HartState::started};
  // Mail for this hart; whoever writes here raises the hart's MSIP afterwards.
  std::atomic<std::uint32_t> supervisor_ipi{0};  // 1: SSIP is to be set
  std::atomic<HartMask> fences_from{0};          // these harts' `fence` waits to be done here
  // This hart's own request, and who has still to acknowledge it.
  FenceRequest fence;
  std::atomic<HartMask> unacknowledged{0};
  // Where to start (HSM), valid in state start_pending.
  std::uint64_t start_address = 0;
  std::uint64_t start_argument = 0;
};

struct Firmware {
  Platform platform;
  Console console;
  bool has_time_csr = false;  // else rdtime is emulated
  bool has_stimecmp = false;  // Sstc: S-mode's timer needs no interrupt of ours
  std::array<Hart, max_harts> harts;
  PmuEvents pmu_events;
  PmuHart* pmu = nullptr;  // of each hart, by id

  bool exists(std::uint64_t hart_id) const {
    return hart_id < max_harts && (platform.harts >> hart_id & 1) != 0;
  }
};

}  // namespace hartbeat::firmware
