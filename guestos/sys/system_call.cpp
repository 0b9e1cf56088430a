#include "guestos/sys/system_call.hpp"

#include <initializer_list>

#include "guestos/lib/print.hpp"

namespace guestos {

namespace {

constexpr u64 table_size = 512;
constinit SystemCall table[table_size] = {};

}  // namespace

void system_calls_open() {
  for (const SystemCallRows& rows : {memory_calls, pin_calls, file_calls, descriptor_calls, poll_calls,
                                     socket_calls, process_calls, signal_calls, time_calls})
    for (const SystemCallRow& row : rows)
      for (u32 number = row.number; number <= row.last; ++number) table[number] = row.function;
}

void system_call(TrapFrame& frame) {
  Thread& self = current_thread();
  const u64 number = frame.x[a7];
  const u32 pid = self.process->pid;
  trace<Tracepoint::syscall_enter>(pid, number);
  self.in_system_call = true;
  self.call_number = number;
  self.call_argument = frame.x[a0];
  frame.sepc += 4;
  const SystemCall function = number < table_size ? table[number] : nullptr;
  i64 result = -ENOSYS;
  if (function != nullptr) {
    result = function({frame.x[a0], frame.x[a1], frame.x[a2], frame.x[a3], frame.x[a4], frame.x[a5], frame});
  } else {
    trace<Tracepoint::syscall_unknown>(pid, number);
    TextBuffer<96> text;
    text << "guestos: unknown system call " << number << " of process " << pid;
    log_line(text);
  }
  frame.x[a0] = static_cast<u64>(result);
  trace<Tracepoint::syscall_exit>(pid, number, static_cast<u64>(result));
}

}  // namespace guestos
