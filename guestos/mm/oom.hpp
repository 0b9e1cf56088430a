// When memory has run out: the process that holds the most dies, and the others go on.
#pragma once

namespace guestos {

// An allocation failed. Reclaims what can be, or kills. True: it is worth another try; false: the current
// process is to die, and should get out of the kernel. Without any address space's mutex.
bool make_room_or_kill();

}  // namespace guestos
