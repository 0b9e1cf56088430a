// Failures on demand: boot argument inject=WHAT:N lets the N-th attempt after init has started fail, once.
#pragma once

#include "guestos/lib/types.hpp"

namespace guestos {

enum class Injection : u8 {
  alloc,  // a frame allocation
  slot,   // a swap slot
  io,     // a disk request
};

void arm_injection();
// Whether an allocation has failed on demand since the last call: then it is to be taken for a real one, however
// much memory is free.
bool take_injected_failure();
// Counts an attempt; true if it is the one that fails.
bool failure_is_due(Injection what);

}  // namespace guestos
