// A terminal's line discipline (termios(3)): what is typed is echoed and edited, ^C and its like become signals of the
// foreground process group, and readers get whole lines, or bytes as they come.
#pragma once

#include "guestos/arch/console_devices.hpp"
#include "guestos/fs/file.hpp"

namespace guestos {

struct Termios {  // struct termios of the kernel's interface; what a terminal on Linux begins with
  u32 c_iflag = 0x500, c_oflag = 5, c_cflag = 0xbf, c_lflag = 0x8a3b;
  u8 c_line = 0;
  u8 c_cc[19] = {3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0};
};
static_assert(sizeof(Termios) == 36);

struct WindowSize {
  u16 ws_row = 24, ws_col = 80, ws_xpixel = 0, ws_ypixel = 0;
};

class Terminal {
 public:
  // What has been typed. Any hart, any time, no lock held.
  void type(const char* bytes, u64 size);
  void hang_up();  // there will be no more

  i64 read(u64 to, u64 size, bool wait);
  // What a program prints, as the terminal gets it (OPOST). A kernel buffer.
  i64 write(const char* bytes, u64 size, ConsoleStream stream);
  i64 poll();
  i64 control(u64 request, u64 argument);
  bool is_controlling() const;  // of the current process
  void set_window(WindowSize size) { window_ = size; }

 private:
  static constexpr u64 line_capacity = 1024, capacity = 4096;
  // Bits beside a byte that can be read: a line ends with it; it is no byte but ^D's end of input.
  static constexpr u16 line_end = 0x100, no_byte = 0x200;
  bool has(u32 local_flag) const { return (termios_.c_lflag & local_flag) != 0; }
  void type_byte(u8 byte);
  void edit(u8 byte);
  void rub_out();
  void finish_line(u16 last);
  u32 signal_of(u8 byte) const;
  void echo(u8 byte);
  void print(char byte, ConsoleStream stream);
  void make_readable(u16 unit);
  bool is_ready() const;
  u64 take(char* to, u64 size);
  i64 wait_until_ready(bool wait);
  i64 set_attributes(u64 argument, bool forget_input);
  i64 set_foreground(u64 argument);
  i64 refuse_background(u32 signal);

  SpinLock lock_;  // protects all that follows
  WaitQueue readers_;
  Termios termios_;
  WindowSize window_;
  u32 session_ = 1;     // init's
  u32 foreground_ = 1;  // process group
  bool hung_up_ = false;
  u8 line_[line_capacity] = {};  // being edited
  u64 line_size_ = 0;
  u16 units_[capacity] = {};  // can be read
  u64 first_ = 0, last_ = 0;  // positions in that stream
};

Terminal& console_terminal();

}  // namespace guestos
