// The Linux riscv64 system calls: numbers to functions.
#pragma once

#include <span>

#include "guestos/mm/user_memory.hpp"
#include "guestos/proc/process.hpp"

namespace guestos {

// The six arguments, as registers a0..a5 held them.
struct Arguments {
  u64 a, b, c, d, e, f;
  TrapFrame& frame;
};

using SystemCall = i64 (*)(const Arguments&);

struct SystemCallRow {
  u32 number;
  SystemCall function;
  u32 last = number;  // of several numbers with one answer
};

using SystemCallRows = std::span<const SystemCallRow>;
extern const SystemCallRows memory_calls, pin_calls, file_calls, descriptor_calls, poll_calls, socket_calls,
    process_calls, signal_calls, time_calls;

// The signal mask of rt_sigsuspend, ppoll and their like holds during the call; a handler that ends it still finds the old one
// restored.
class TemporaryMask {
 public:
  i64 set(u64 address, u64 size) {
    if (address == 0) return 0;
    u64 mask = 0;
    if (size != sizeof mask) return -EINVAL;
    if (get_user(mask, address) != 0) return -EFAULT;
    Thread& self = current_thread();
    self.restored_mask = self.blocked;
    self.blocked = mask & ~unblockable;
    active_ = true;
    return 0;
  }
  i64 finish(i64 result) {
    Thread& self = current_thread();
    const bool interrupted = result == -ERESTARTNOHAND || result == -EINTR;
    if (active_ && interrupted) self.restore_mask = true;
    if (active_ && !interrupted) self.blocked = self.restored_mask;
    return result;
  }

 private:
  bool active_ = false;
};

// A struct rusage. 0 or -EFAULT.
i64 put_usage(u64 address, u64 ticks, u64 minor_faults);

// Dispatches the call in the frame's registers and leaves its result in a0.
void system_call(TrapFrame& frame);
void system_calls_open();

}  // namespace guestos
