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
// Boot argument `tty`: the console is a terminal (fs/terminal.hpp), which input goes to as soon as it comes.
bool console_is_terminal();
// Hands the terminal what has been typed meanwhile.
void pump_console();
// When a reader must look again by itself: input that announces itself by no interrupt.
u64 console_deadline();
// Looks whether waited-for input has come, and wakes the reader. Any hart, any time.
void poll_console_devices();
// The external interrupt of this hart.
void console_interrupt();
void enable_console_interrupts();  // on this hart

}  // namespace guestos
