// What the system instructions do to a hart; the engines decide what comes after.
#include "emu/hart/view.hpp"

namespace hartbeat {

using isa::Flow;

namespace {

void tell_csr_write(Hart& h, std::uint64_t now, std::uint16_t address) {
  std::uint64_t value = 0;
  if (h.recorder != nullptr && csr_peek(h, now, address, value)) h.recorder->csr_effect(address, value);
}

}  // namespace

Flow SystemCalls::illegal(Hart& h, const Op* op) {
  raise(h, cause::illegal_instruction, op->bits);
  return Flow::trapped;
}

// menvcfg and senvcfg: may S-mode and U-mode execute it? (privileged spec, "menvcfg", "senvcfg")
bool SystemCalls::cache_block(Hart& h, const Op* op, isa::CacheBlock operation, std::uint64_t va) {
  const std::uint64_t field = operation == isa::CacheBlock::zero    ? menvcfg::CBZE
                              : operation == isa::CacheBlock::inval ? menvcfg::CBIE
                                                                    : menvcfg::CBCFE;
  const bool forbidden = (h.privilege != Privilege::machine && (h.csr.menvcfg & field) == 0) ||
                         (h.privilege == Privilege::user && (h.csr.senvcfg & field) == 0);
  if (forbidden) {
    illegal(h, op);
    return false;
  }
  const AccessResult result =
      operation == isa::CacheBlock::zero ? zero_block(h, h.now(op), va) : manage_block(h, h.now(op), va);
  return result == AccessResult::done;
}

Flow SystemCalls::csr(Hart& h, const Op* op, isa::CsrOp operation, std::uint64_t source, bool writes) {
  const unsigned rd = op->operands.rd;
  const auto address = static_cast<std::uint16_t>(op->operands.imm & 0xfff);
  const bool reads = operation != isa::CsrOp::write || (rd & 31) != 0;
  const std::uint64_t now = h.now(op);
  std::uint64_t old = 0;
  h.current_pc = h.pc_of(op);
  h.system->current = &h;  // a write may move deadlines
  if (!csr_access(h, now, address, operation, source, reads, writes, old)) return illegal(h, op);
  h.x[rd] = old;
  if (h.recorder != nullptr) {
    if ((rd & 31) != 0) {
      h.recorder->event.writes_x = true;
      h.recorder->event.rd_value = old;
    }
    if (writes) tell_csr_write(h, now + 1, address);
  }
  return Flow::next;
}

Flow SystemCalls::ecall(Hart& h, const Op*) {
  raise(h, cause::ecall_from_u + static_cast<std::uint64_t>(h.privilege), 0);
  return Flow::trapped;
}

Flow SystemCalls::ebreak(Hart& h, const Op* op) {
  raise(h, cause::breakpoint, h.pc_of(op));
  return Flow::trapped;
}

Flow SystemCalls::mret(Hart& h, const Op* op) {
  if (h.privilege != Privilege::machine) return illegal(h, op);
  return_from_machine(h, h.now(op), h.pc_of(op));
  return Flow::redirect;
}

Flow SystemCalls::sret(Hart& h, const Op* op) {
  const bool forbidden = h.privilege == Privilege::user ||
                         (h.privilege == Privilege::supervisor && (h.csr.mstatus & mstatus::TSR));
  if (forbidden) return illegal(h, op);
  return_from_supervisor(h, h.now(op), h.pc_of(op));
  return Flow::redirect;
}

// With TW, S-mode's wfi traps at once (the bounded time of the specification is zero); U-mode's always does.
Flow SystemCalls::wfi(Hart& h, const Op* op) {
  const bool forbidden = h.privilege == Privilege::user ||
                         (h.privilege == Privilege::supervisor && (h.csr.mstatus & mstatus::TW));
  if (forbidden) return illegal(h, op);
  return (pending_interrupts(h) & h.csr.mie) != 0 ? Flow::next : Flow::wait;
}

// Zawrs. What wrs.sto's short time is belongs to the implementation. With TW, a wrs.nto that would have to wait traps at once
// (the bounded time is zero here, too).
Flow SystemCalls::wait_on_reservation(Hart& h, const Op* op, bool shortly) {
  constexpr std::uint64_t short_time = 1000;  // cycles
  if (!h.reservation_valid || pending_interrupts(h) != 0) return Flow::next;
  if (!shortly && h.privilege != Privilege::machine && (h.csr.mstatus & mstatus::TW)) return illegal(h, op);
  h.system->wait_on_reservation(h, shortly ? h.now(op) + short_time : ~std::uint64_t{0});
  return Flow::wait;
}

Flow SystemCalls::sfence_order(Hart& h, const Op* op) {
  return h.privilege == Privilege::user ? illegal(h, op) : Flow::next;
}

Flow SystemCalls::sfence_vma(Hart& h, const Op* op) {
  const bool forbidden = h.privilege == Privilege::user ||
                         (h.privilege == Privilege::supervisor && (h.csr.mstatus & mstatus::TVM));
  if (forbidden) return illegal(h, op);
  const isa::Operands& o = op->operands;
  FenceOperands operands;
  if (o.rs1 != 0) operands.address = VirtAddr{h.x[o.rs1]};
  if (o.rs2 != 0) operands.asid = static_cast<std::uint16_t>(h.x[o.rs2]);
  fence_translations(h, h.now(op), h.pc_of(op), operands);
  return Flow::next;
}

// Stores drop the decoded code they hit, so there is nothing left to do but to end the block.
Flow SystemCalls::fence_i(Hart& h) {
  ++h.counters.fence_i;
  return Flow::next;
}

Flow SystemCalls::tracepoint(Hart& h, const Op* op) {
  const auto& listeners = h.system->events.tracepoints();
  if (listeners.empty()) return Flow::next;
  const std::uint64_t now = h.now(op);
  TracepointEvent event;
  event.site = h.system->site(h, now, h.pc_of(op));
  event.number = static_cast<abi::Tracepoint>(op->operands.imm & 0xfff);
  for (unsigned i = 0; i < 6; ++i) event.arguments[i] = h.x[10 + i];
  if (event.number ==
      abi::Tracepoint::process_switch) {  // what was counted so far is the process's that leaves
    account_privilege(h, now);
    fold_access_counts(h);
  }
  h.counters.cycles = now;
  h.counters.instret = h.instret_at(now);
  h.system->events.emit(listeners, event);
  return Flow::next;
}

}  // namespace hartbeat
