// The console of last resort: SBI DBCN where the firmware has it, else the NS16550A UART.
#pragma once

#include "guestos/lib/types.hpp"

namespace guestos {

void firmware_console_open();
void firmware_console_write(const char* text, std::size_t size);
// One waiting byte, or -1.
int firmware_console_read();

}  // namespace guestos
