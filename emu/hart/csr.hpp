// Control and status registers: access rules, reads and writes with their side effects.
#pragma once

#include <cstdint>

#include "emu/hart/csr_bits.hpp"
#include "emu/hart/hart.hpp"
#include "emu/isa/csr_op.hpp"

namespace hartbeat {

// One Zicsr instruction on `hart` at clock `now`. Returns false when it is illegal (no such CSR here, privilege, a
// write of a read-only one, a counter that is not enabled, FS off, TVM). `old` is the value before; it is not read, and
// has no side effect of a read, when `reads` is false.
bool csr_access(Hart& hart, std::uint64_t now, std::uint16_t address, isa::CsrOp op, std::uint64_t source,
                bool reads, bool writes, std::uint64_t& old);

// The value of a CSR without access rules or side effects; false when there is none. For traces and debuggers.
bool csr_peek(const Hart& hart, std::uint64_t now, std::uint16_t address, std::uint64_t& value);

// Recomputes what follows from privilege, mstatus, satp and menvcfg: translation contexts and the fast tables in use.
void update_context(Hart& hart);

// mip as software sees it; and the interrupt that would be taken now, or -1.
inline std::uint64_t pending_interrupts(const Hart& h) { return h.csr.mip | (h.seip_line ? irq::SEIP : 0); }
int interrupt_to_take(const Hart& hart);

// Level of a device's line into mip.
void set_line(Hart& hart, unsigned bit, bool level);

}  // namespace hartbeat
