// How the kernel tells its story: see guestos/abi/tracepoints.hpp for the events and what their arguments
// mean.
#pragma once

#include "guestos/abi/tracepoints.hpp"
#include "guestos/lib/types.hpp"

namespace guestos {

using hartbeat::abi::FaultResolution;
using hartbeat::abi::Tracepoint;

// One HINT instruction `slti x0, x0, NUMBER`, with the arguments in a0..a5 as it is executed.
template <Tracepoint Number>
inline void trace(u64 a = 0, u64 b = 0, u64 c = 0, u64 d = 0, u64 e = 0, u64 f = 0) {
  register u64 a0 asm("a0") = a;
  register u64 a1 asm("a1") = b;
  register u64 a2 asm("a2") = c;
  register u64 a3 asm("a3") = d;
  register u64 a4 asm("a4") = e;
  register u64 a5 asm("a5") = f;
  asm volatile("slti x0, x0, %6" ::"r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5),
               "i"(static_cast<int>(Number)));
}

}  // namespace guestos
