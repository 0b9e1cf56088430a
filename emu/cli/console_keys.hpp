// What Ctrl-A and a key do in a raw terminal, other than Ctrl-A x, which ends the run (emu/devices/platform.hpp).
#pragma once

#include <cstdint>

#include "emu/machine/machine.hpp"

namespace hartbeat::cli {

// c: says on standard error where each hart is; h, ?: says what the keys do. True: the key was one of these.
bool console_key(Machine& machine, std::uint8_t key);

}  // namespace hartbeat::cli
