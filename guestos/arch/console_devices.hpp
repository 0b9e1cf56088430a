// The machine's consoles: the first two virtio consoles where there are any, else the firmware's console.
#pragma once

#include "guestos/lib/types.hpp"

namespace guestos {

enum class ConsoleStream : u8 { output, error };

void console_devices_open();
// All bytes are out when it returns. A kernel buffer.
void console_write(ConsoleStream stream, const char* bytes, u64 size);
// Waits for input of the first console: at least one byte, 0 at the end of the input, or -ERESTARTSYS.
i64 console_read(char* to, u64 size, bool wait);
bool console_has_input();
// Looks whether waited-for input has come, and wakes the reader. Any hart, any time.
void poll_console_devices();
// The external interrupt of this hart.
void console_interrupt();
void enable_console_interrupts();  // on this hart

}  // namespace guestos
