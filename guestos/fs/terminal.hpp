// The console's line discipline (termios(3)): what is typed is echoed and edited, ^C and its like become signals of the
// foreground process group, and readers get whole lines, or bytes as they come.
#pragma once

#include "guestos/arch/console_devices.hpp"
#include "guestos/fs/file.hpp"

namespace guestos {

struct WindowSize {
  u16 ws_row = 24, ws_col = 80, ws_xpixel = 0, ws_ypixel = 0;
  bool operator==(const WindowSize&) const = default;
};

// What has been typed. Any hart, any time, no lock held.
void terminal_type(const char* bytes, u64 size);
void terminal_hang_up();  // there will be no more
i64 terminal_read(u64 to, u64 size, bool wait);
// What a program prints, as the terminal gets it (OPOST). A kernel buffer.
i64 terminal_write(const char* bytes, u64 size, ConsoleStream stream);
i64 terminal_poll();
i64 terminal_control(u64 request, u64 argument);
bool terminal_is_controlling();  // of the current process
// Those in the foreground are told by SIGWINCH, if it is another size.
void resize_terminal(WindowSize size);

}  // namespace guestos
