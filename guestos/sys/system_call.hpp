// The Linux riscv64 system calls: numbers to functions.
#pragma once

#include "guestos/arch/trap_frame.hpp"

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

struct SystemCallRows {
  const SystemCallRow* first;
  u64 count;
};

SystemCallRows memory_calls();
SystemCallRows pin_calls();
SystemCallRows file_calls();
SystemCallRows descriptor_calls();
SystemCallRows poll_calls();
SystemCallRows socket_calls();
SystemCallRows process_calls();
SystemCallRows signal_calls();
SystemCallRows time_calls();

// A struct rusage. 0 or -EFAULT.
i64 put_usage(u64 address, u64 ticks, u64 minor_faults);

// Dispatches the call in the frame's registers and leaves its result in a0.
void system_call(TrapFrame& frame);
void system_calls_open();

}  // namespace guestos
