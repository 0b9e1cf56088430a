// Page faults: from cause and address to what is done about it.
#pragma once

#include "guestos/arch/boot_info.hpp"
#include "guestos/arch/tracepoint.hpp"
#include "guestos/mm/address_space.hpp"

namespace guestos {

enum class Access : u8 { load, store, fetch };

struct FaultOutcome {
  FaultResolution resolution = FaultResolution::protection;
  FrameNumber before = no_frame;
  FrameNumber after = no_frame;
  u32 signal = 0;              // not 0: it could not be resolved
  bool out_of_memory = false;  // then it may be worth another try (oom.hpp)
  i32 code = 0;                // si_code
  const char* reason = "";     // for the message, with the range it is about
  Range range = {};
};

inline FaultOutcome resolved(FaultResolution resolution, FrameNumber before, FrameNumber after) {
  return {.resolution = resolution, .before = before, .after = after};
}
inline FaultOutcome out_of_memory() {
  return {.signal = SIGKILL, .out_of_memory = true, .code = SI_KERNEL, .reason = "out of memory"};
}

// Resolves a fault of the current process's address space, with its tracepoints. May sleep.
FaultOutcome resolve_fault(AddressSpace& space, u64 address, Access access, u64 scause, u64 pc);

// How many faults have been resolved this way since boot, for /proc/vmstat.
u64 fault_total(u64 resolution);

// As if the process had touched the page, without a fault and its tracepoints: 0, or -EFAULT if that were a
// signal, or -ENOMEM. With the mutex; the page is there until it is released.
i64 provide_page(AddressSpace& space, u64 address, bool writable);

// --- Bringing in pages before they are touched: MAP_POPULATE, MAP_LOCKED, mlock.
// Every page of [start, end), writable ones for writing. Without the mutex: it may have to make room. 0, or
// -ENOMEM at the first page that is not mapped, allows nothing, or cannot be had.
i64 populate(AddressSpace& space, u64 start, u64 end);

}  // namespace guestos
