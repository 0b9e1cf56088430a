// The seam between the functional core and a cycle model: what the model is told of each instruction, what it
// may ask.
//
// Who leads. The functional core executes instruction i completely (or takes its trap), then hands a
// `Retirement` to the model. The model runs its pipeline until it needs instruction i+1, that is until i+1
// stands in the issue stage on the correct path. So the model's clock when it returns is the cycle in which
// i+1 could issue, and i may still be in flight in the model. Everything that the front end does before
// (wrong paths, prefetches, I-TLB walks) the model finds out by itself, from the bytes in memory: it predicts
// branches as the core does, and never needs to be told of a wrong path.
//
// Protocol, per hart (class Cva6Timing; `horizon` is the clock of the next hart in line, `never_cycle` on one
// hart):
//
//   for (;;) {
//     if (!timing.run(hart, horizon)) continue with the hart of the smallest clock;  // horizon, or asleep
//     if (timing.core(hart).interrupt() >= 0)
//       take the trap for that cause at pc; the Retirement has trapped = interrupt = true
//     else
//       execute the instruction at pc, fill in a Retirement
//     timing.retire(hart, retirement);
//   }
//
// Who owns what under a cycle model:
// - Registers, CSRs, memory, devices: the functional core.
// - TLBs: both sides keep the 16-entry tree-PLRU TLBs of cva6_tlb.sv. The core's (mmu/) decide which frame an
//   access sees, stale entries included; the model's decide what a translation costs, and also see the wrong
//   path. Data accesses reach both in the same order; the model reads PTEs through
//   `HartView::read_physical` when *it* walks.
// - Interrupt wires of the CLINT: the model. A store to msip or mtimecmp takes effect on the wire when the
//   write leaves on AXI, and the decoder samples the wire several cycles before the trap, so only the model
//   knows which instruction is displaced. The core asks `interrupt()` before each instruction and must not
//   take MTI or MSI by itself. Other lines (PLIC, SSIP, virtio) are the core's: it tells the model by
//   `set_external_lines`.
// - Time: before the core executes an instruction that *reads* mcycle/cycle, or loads from the CLINT's mtime,
//   it asks `predict_commit(retirement)` or `predict_device_read(retirement)` with the Retirement as far as
//   it knows it (no value needed), and uses that cycle as "now". The later `retire` of the same instruction
//   then lands on the same cycle.
#pragma once

#include <cstdint>

#include "mmu/address.hpp"

namespace hartbeat::timing {

// One executed instruction, or one trap (then the instruction at `pc` did not retire).
struct Retirement {
  VirtAddr pc;
  VirtAddr next_pc;               // where the hart goes on: fall through, branch target, trap vector, xepc
  bool trapped = false;           // did not retire: exception or interrupt taken at pc
  bool interrupt = false;         // with trapped: displaced by an interrupt, was not executed
  std::uint8_t cause = 0;         // with trapped: the code, without the interrupt bit
  VirtAddr data_address;          // effective address of a load, store, AMO, LR or SC (also when it faulted)
  std::uint64_t store_value = 0;  // stores: the value written (low bits); needed for device stores only
  std::uint64_t operand_a = 0;    // rs1 as read: integer, or raw f register for floating-point instructions
  std::uint64_t operand_b = 0;    // rs2 as read
  std::uint8_t frm = 0;    // fcsr.frm: before a divide or square root, after an instruction that may write it
  std::uint64_t satp = 0;  // after the instruction (so that a csrw satp is seen)
  std::uint64_t mstatus = 0;  // after the instruction: MPRV, MPP, SUM, MXR, FS and the xIE bits are looked at
  std::uint64_t mie = 0;      // after the instruction
  std::uint64_t mideleg = 0;  // after the instruction
  std::uint64_t mip = 0;      // after the instruction: the bits that software writes (SSIP, STIP, SEIP)
  bool sc_failed = false;     // a store conditional that did not store
  std::uint8_t privilege_after = 3;
};

// What the model asks of its hart. Called only on misses, walks and wrong paths, never for a plain retired
// instruction.
class HartView {
 public:
  virtual ~HartView() = default;
  // The aligned 8 bytes at `address` in RAM; 0 where there is no RAM. No side effect.
  virtual std::uint64_t read_physical(PhysAddr address) const = 0;
  // x register as the instructions retired so far left it (for the addresses of wrong-path loads and stores).
  virtual std::uint64_t integer_register(unsigned index) const = 0;
  virtual std::uint64_t float_register(unsigned index) const = 0;  // raw
};

// One line of the per-instruction trace: what the RTL simulation recorded and tests/accuracy compares.
struct TraceRecord {
  std::uint64_t commit_cycle = 0;
  std::uint64_t issue_cycle = 0;
  std::uint64_t pc = 0;
  std::uint32_t bits = 0;
  std::uint8_t port = 0;       // commit port 0 or 1
  std::uint8_t privilege = 3;  // before the instruction
  bool trapped = false;
  std::uint64_t cause = 0;  // with trapped: mcause as read, interrupt bit included
};

// Of an instruction that commits, in one register: its bits, the privilege before it, and whether the port is 1.
struct Committed {
  std::uint64_t word = std::uint64_t{3} << 32;

  constexpr Committed() = default;
  constexpr Committed(std::uint32_t bits, std::uint8_t privilege, bool second_port = false)
      : word(bits | std::uint64_t{privilege} << 32 | std::uint64_t{second_port} << 40) {}
  std::uint32_t bits() const { return static_cast<std::uint32_t>(word); }
  std::uint8_t privilege() const { return static_cast<std::uint8_t>(word >> 32); }
  bool second_port() const { return (word >> 40 & 1) != 0; }
};

// Who writes the trace; seeing it never changes a cycle.
class TraceSink {
 public:
  virtual ~TraceSink() = default;
  virtual void on_commit(const TraceRecord& record) = 0;
  // The same of what has not trapped, nearly all that there is; for those to override who want no record of it made. It
  // commits `latency` cycles after its issue.
  [[gnu::noinline]] virtual void on_instruction(std::uint64_t pc, Committed what, std::uint64_t issue_cycle,
                                                std::uint64_t latency) {
    on_commit({issue_cycle + latency, issue_cycle, pc, what.bits(), what.second_port(), what.privilege(),
               false, 0});
  }
};

}  // namespace hartbeat::timing
