// Supervisor control and status registers, named as in the privileged specification (chapter
// "Supervisor-Level ISA").
#pragma once

#include "guestos/lib/types.hpp"

namespace guestos::csr {

inline constexpr unsigned sstatus = 0x100, sie = 0x104, stvec = 0x105, scounteren = 0x106, sscratch = 0x140,
                          sepc = 0x141, scause = 0x142, stval = 0x143, sip = 0x144, satp = 0x180,
                          time = 0xc01;

inline constexpr u64 sstatus_spie = u64{1} << 5, sstatus_fs = u64{3} << 13, sstatus_fs_clean = u64{2} << 13,
                     sstatus_fs_dirty = u64{3} << 13;
inline constexpr u64 interrupt_software = u64{1} << 1, interrupt_timer = u64{1} << 5,
                     interrupt_external = u64{1} << 9;
inline constexpr u64 satp_sv39 = u64{8} << 60;

template <unsigned Number>
inline u64 read() {
  u64 value;
  asm volatile("csrr %0, %1" : "=r"(value) : "i"(Number) : "memory");
  return value;
}
template <unsigned Number>
inline void write(u64 value) {
  asm volatile("csrw %0, %1" ::"i"(Number), "r"(value) : "memory");
}
template <unsigned Number>
inline void set(u64 bits) {
  asm volatile("csrs %0, %1" ::"i"(Number), "r"(bits) : "memory");
}
template <unsigned Number>
inline void clear(u64 bits) {
  asm volatile("csrc %0, %1" ::"i"(Number), "r"(bits) : "memory");
}

}  // namespace guestos::csr

namespace guestos {

inline void fence_all() { asm volatile("sfence.vma" ::: "memory"); }
inline void fence_page(u64 address, u64 asid) {
  asm volatile("sfence.vma %0, %1" ::"r"(address), "r"(asid) : "memory");
}
inline void fence_asid(u64 asid) { asm volatile("sfence.vma x0, %0" ::"r"(asid) : "memory"); }
// Svinval: what was stored before is ordered by the first, entries go one by one, the last waits for them all.
inline void begin_invalidation() { asm volatile(".insn r 0x73, 0, 0x0c, x0, x0, x0" ::: "memory"); }
inline void invalidate_page(u64 address, u64 asid) {
  asm volatile(".insn r 0x73, 0, 0x0b, x0, %0, %1" ::"r"(address), "r"(asid) : "memory");
}
inline void end_invalidation() { asm volatile(".insn r 0x73, 0, 0x0c, x0, x0, x1" ::: "memory"); }
inline void fence_instructions() { asm volatile("fence.i" ::: "memory"); }
inline void memory_fence() { asm volatile("fence rw, rw" ::: "memory"); }
inline void device_fence() { asm volatile("fence iorw, iorw" ::: "memory"); }
inline void wait_for_interrupt() { asm volatile("wfi" ::: "memory"); }

}  // namespace guestos
