// What protects the state of every socket, and where those wait who need room in another's queue: that socket may be
// gone before they wake up, so its own queue will not do.
#pragma once

#include "guestos/proc/wait_queue.hpp"

namespace guestos {

extern SpinLock socket_lock;
extern WaitQueue socket_room;  // guard: socket_lock

}  // namespace guestos
