// What a trap saves. entry.S knows these offsets.
#pragma once

#include "guestos/lib/types.hpp"

namespace guestos {

enum Register : unsigned {
  ra = 1,
  sp = 2,
  gp = 3,
  tp = 4,
  a0 = 10,
  a1 = 11,
  a2 = 12,
  a3 = 13,
  a4 = 14,
  a5 = 15,
  a7 = 17
};

struct TrapFrame {
  u64 x[32];  // x[0] is unused
  u64 sepc;
  u64 sstatus;
  u64 scause;
  u64 stval;
};
static_assert(sizeof(TrapFrame) == 288);

// What a context switch saves: the registers that a call preserves.
struct Context {
  u64 ra = 0;
  u64 sp = 0;
  u64 s[12] = {};
};

namespace cause {
inline constexpr u64 interrupt = u64{1} << 63;
inline constexpr u64 supervisor_software = interrupt | 1;
inline constexpr u64 supervisor_timer = interrupt | 5;
inline constexpr u64 supervisor_external = interrupt | 9;
inline constexpr u64 misaligned_fetch = 0;
inline constexpr u64 fetch_access = 1;
inline constexpr u64 illegal_instruction = 2;
inline constexpr u64 breakpoint = 3;
inline constexpr u64 misaligned_load = 4;
inline constexpr u64 load_access = 5;
inline constexpr u64 misaligned_store = 6;
inline constexpr u64 store_access = 7;
inline constexpr u64 user_call = 8;
inline constexpr u64 fetch_page_fault = 12;
inline constexpr u64 load_page_fault = 13;
inline constexpr u64 store_page_fault = 15;
}  // namespace cause

}  // namespace guestos
