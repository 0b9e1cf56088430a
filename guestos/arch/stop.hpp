// Stopping every other hart at a point where it is not inside the kernel: in user mode or idle.
#pragma once

#include "guestos/lib/types.hpp"

namespace guestos {

// Returns when all other harts stand still; with no lock held. They go on after let_go.
void stop_other_harts();
void let_other_harts_go();
// Where a hart looks whether it is to stop: interrupts from user mode, and the idle loop.
void stop_if_asked();

}  // namespace guestos
