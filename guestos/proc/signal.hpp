// Signals: sending, and delivering on the way back to user mode (Linux riscv64 frame layout).
#pragma once

#include "guestos/proc/process.hpp"

namespace guestos {

// To the process / to one thread. Safe to call without any lock; process_lock must not be held for these two.
void send_signal(Process& process, u32 signal, const SignalInfo& info);
void send_signal(Thread& thread, u32 signal, const SignalInfo& info);
// The same with process_lock held.
void send_signal_locked(Process& process, u32 signal, const SignalInfo& info);
void send_signal_locked(Thread& thread, u32 signal, const SignalInfo& info);
// A fault of the current thread: cannot be ignored or blocked.
void force_signal(u32 signal, const SignalInfo& info);
// True if the signal has no handler in the current process: it will die of it.
bool is_fatal_here(u32 signal);
// To every process of the group; false: there is none.
bool signal_group(u32 group, u32 signal, const SignalInfo& info);
// With process_lock held: all threads of the process but the current one look at their pending work.
void kick_others(Process& process);
void interval_timer_expired(u32 pid);

// Everything that must happen before a thread goes back to user mode: exit, stop, signal handlers, restarts.
extern "C" void prepare_return(TrapFrame* frame);
i64 return_from_signal(TrapFrame& frame);

// Signals that may not be blocked.
inline constexpr u64 unblockable = signal_bit(SIGKILL) | signal_bit(SIGSTOP);

}  // namespace guestos
