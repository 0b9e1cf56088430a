// Traps: system calls, page faults and interrupts, to whoever deals with them.
#include "guestos/arch/console_devices.hpp"
#include "guestos/lib/print.hpp"
#include "guestos/mm/fault.hpp"
#include "guestos/mm/shootdown.hpp"
#include "guestos/sys/system_call.hpp"

extern "C" {
extern char user_access_begin[], user_access_end[], user_access_failed[];
}

namespace guestos {

namespace {

bool is_page_fault(u64 scause) {
  return scause == cause::fetch_page_fault || scause == cause::load_page_fault ||
         scause == cause::store_page_fault;
}

Access access_of(u64 scause) {
  return scause == cause::store_page_fault   ? Access::store
         : scause == cause::fetch_page_fault ? Access::fetch
                                             : Access::load;
}

constexpr const char* accesses[] = {"load", "store", "instruction fetch"};

// A genuine fault: says who did what, then leaves the rest to the signal.
void report_fault(const TrapFrame& frame, const FaultOutcome& outcome) {
  const Process& process = current_process();
  trace<Tracepoint::fault_message>(process.pid, frame.stval, frame.scause, frame.sepc, outcome.signal);
  if (outcome.signal != SIGKILL && !is_fatal_here(outcome.signal)) return;
  TextBuffer<400> text;
  text << "guestos: " << process.name << "[" << process.pid << "]: "
       << (outcome.signal == SIGKILL  ? "killed"
           : outcome.signal == SIGBUS ? "SIGBUS"
                                      : "SIGSEGV")
       << ": " << accesses[static_cast<unsigned>(access_of(frame.scause))] << " at 0x" << Hex{frame.stval}
       << ", pc 0x" << Hex{frame.sepc} << ": " << outcome.reason;
  if (outcome.range.end != 0)
    text << " (0x" << Hex{outcome.range.start} << "-0x" << Hex{outcome.range.end} << ")";
  text << "\n";
  console_write(ConsoleStream::error, text.c_str(), text.size());
}

void user_page_fault(const TrapFrame& frame) {
  Process& process = current_process();
  ++process.minor_faults;
  const FaultOutcome outcome =
      resolve_fault(*process.space, frame.stval, access_of(frame.scause), frame.scause, frame.sepc);
  if (outcome.signal == 0) return;
  report_fault(frame, outcome);
  force_signal(outcome.signal, {outcome.code, 0, frame.stval});
}

// The exceptions that are a signal at once. The others are accesses to where nothing is.
void user_exception(const TrapFrame& frame) {
  static constexpr struct {
    u64 scause;
    u32 signal;
    i32 code;
    u64 TrapFrame::*address;
  } rows[] = {{cause::illegal_instruction, SIGILL, ILL_ILLOPC, &TrapFrame::sepc},
              {cause::breakpoint, SIGTRAP, TRAP_BRKPT, &TrapFrame::sepc},
              {cause::misaligned_fetch, SIGBUS, BUS_ADRALN, &TrapFrame::stval},
              {cause::misaligned_load, SIGBUS, BUS_ADRALN, &TrapFrame::stval},
              {cause::misaligned_store, SIGBUS, BUS_ADRALN, &TrapFrame::stval}};
  for (const auto& row : rows)
    if (row.scause == frame.scause) return force_signal(row.signal, {row.code, 0, frame.*row.address});
  force_signal(SIGSEGV, {SEGV_ACCERR, 0, frame.stval});
}

void interrupt(u64 scause) {
  if (scause == cause::supervisor_timer) {
    timer_interrupt();
  } else if (scause == cause::supervisor_software) {
    csr::clear<csr::sip>(csr::interrupt_software);  // somebody wants us to look around: prepare_return does
    answer_shootdowns();
    pass_deferred();  // again: what came since user_trap's has no other interrupt
    stop_if_asked();
  } else if (scause == cause::supervisor_external) {
    console_interrupt();
  }
}

}  // namespace

extern "C" void user_trap(TrapFrame* frame) {
  pass_deferred();
  const u64 scause = frame->scause;
  if (scause == cause::user_call) {
    system_call(*frame);
  } else if (is_page_fault(scause)) {
    user_page_fault(*frame);
  } else if ((scause & cause::interrupt) != 0) {
    interrupt(scause);
  } else {
    user_exception(*frame);
  }
  prepare_return(frame);
}

// The kernel itself faults in one place only: where it touches user memory.
extern "C" void kernel_trap(TrapFrame* frame) {
  const auto begin = reinterpret_cast<u64>(user_access_begin);
  const auto end = reinterpret_cast<u64>(user_access_end);
  const bool expected =
      is_page_fault(frame->scause) && frame->sepc >= begin && frame->sepc < end && frame->stval < user_end;
  if (!expected) {
    TextBuffer<200> text;
    text << "kernel trap, scause " << Hex{frame->scause} << ", sepc 0x" << Hex{frame->sepc} << ", ra 0x"
         << Hex{frame->x[ra]};
    panic(text.c_str(), frame->sepc, frame->stval);
  }
  Thread& self = current_thread();
  Process* process = self.process;
  if (process != nullptr && process->space != nullptr && !self.no_fault) {
    const FaultOutcome outcome =
        resolve_fault(*process->space, frame->stval, access_of(frame->scause), frame->scause, frame->sepc);
    if (outcome.signal == 0) return preemption_point();
  }
  frame->sepc = reinterpret_cast<u64>(user_access_failed);
}

}  // namespace guestos
