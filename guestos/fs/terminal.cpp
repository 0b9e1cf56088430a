#include "guestos/fs/terminal.hpp"

#include "guestos/proc/process.hpp"

namespace guestos {

namespace {

constexpr u32 INLCR = 0x40, IGNCR = 0x80, ICRNL = 0x100;
constexpr u32 OPOST = 1, ONLCR = 4;
constexpr u32 ISIG = 1, ICANON = 2, ECHO = 8, ECHOE = 0x10, ECHOK = 0x20, NOFLSH = 0x80, TOSTOP = 0x100,
              ECHOCTL = 0x200, IEXTEN = 0x8000;
enum Character : unsigned { VINTR, VQUIT, VERASE, VKILL, VEOF, VTIME, VMIN, VSUSP = 10, VEOL, VWERASE = 14 };
constexpr u64 TCGETS = 0x5401, TCSETS = 0x5402, TCSETSW = 0x5403, TCSETSF = 0x5404, TCFLSH = 0x540b,
              TIOCSCTTY = 0x540e, TIOCGPGRP = 0x540f, TIOCSPGRP = 0x5410, TIOCGWINSZ = 0x5413,
              TIOCSWINSZ = 0x5414, FIONREAD = 0x541b, TIOCGSID = 0x5429;

struct Termios {  // struct termios of the kernel's interface; what a terminal on Linux begins with
  u32 c_iflag = 0x500, c_oflag = 5, c_cflag = 0xbf, c_lflag = 0x8a3b;
  u8 c_line = 0;
  u8 c_cc[19] = {3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0};
};
static_assert(sizeof(Termios) == 36);

constexpr u64 line_capacity = 1024, capacity = 4096;
// Bits beside a byte that can be read: a line ends with it; it is no byte but ^D's end of input.
constexpr u16 line_end = 0x100, no_byte = 0x200;

constinit SpinLock lock;  // protects all that follows
constinit WaitQueue readers;
constinit Termios termios;
constinit WindowSize window;
constinit u32 session = 1;     // init's
constinit u32 foreground = 1;  // process group
constinit bool hung_up = false;
constinit u8 line[line_capacity] = {};  // being edited
constinit u64 line_size = 0;
constinit u16 units[capacity] = {};  // can be read
constinit u64 first = 0, last = 0;   // positions in that stream

bool has(u32 local_flag) { return (termios.c_lflag & local_flag) != 0; }
bool is_space(u8 byte) { return byte == ' ' || byte == '\t'; }

void print(char byte, ConsoleStream stream) {
  if (byte == '\n' && (termios.c_oflag & (OPOST | ONLCR)) == (OPOST | ONLCR))
    return console_write(stream, "\r\n", 2);
  console_write(stream, &byte, 1);
}

void echo(u8 byte) {
  if (!has(ECHO)) return;
  if (has(ECHOCTL) && byte < 32 && byte != '\n' && byte != '\t') {
    const char shown[2] = {'^', static_cast<char>(byte + 64)};
    return console_write(ConsoleStream::output, shown, 2);
  }
  print(static_cast<char>(byte), ConsoleStream::output);
}

void rub_out() {
  const u8 byte = line[--line_size];
  const bool wide = has(ECHOCTL) && byte < 32 && byte != '\t';
  if (has(ECHO) && has(ECHOE)) console_write(ConsoleStream::output, "\b \b\b \b", wide ? 6 : 3);
}

void make_readable(u16 unit) {
  if (last - first < capacity) units[last++ % capacity] = unit;
}

// The line becomes readable; `last` is its end: a byte, or ^D's.
void finish_line(u16 last) {
  for (u64 i = 0; i < line_size; ++i) {
    const bool ends_here = i + 1 == line_size && (last & no_byte) != 0;
    make_readable(static_cast<u16>(line[i] | (ends_here ? line_end : 0)));
  }
  if ((last & no_byte) == 0 || line_size == 0) make_readable(static_cast<u16>(last | line_end));
  line_size = 0;
}

u32 signal_of(u8 byte) {
  if (!has(ISIG) || byte == 0) return 0;
  const u8* characters = termios.c_cc;
  if (byte == characters[VINTR]) return SIGINT;
  if (byte == characters[VQUIT]) return SIGQUIT;
  return byte == characters[VSUSP] ? u32{SIGTSTP} : 0;
}

void edit(u8 byte) {
  const u8* characters = termios.c_cc;
  if (byte == characters[VERASE]) {
    if (line_size != 0) rub_out();
  } else if (byte == characters[VKILL]) {
    while (line_size != 0) rub_out();
  } else if (byte == characters[VWERASE] && has(IEXTEN)) {
    while (line_size != 0 && is_space(line[line_size - 1])) rub_out();
    while (line_size != 0 && !is_space(line[line_size - 1])) rub_out();
  } else if (byte == characters[VEOF]) {
    finish_line(no_byte);
  } else if (byte == '\n' || (byte != 0 && byte == characters[VEOL])) {
    echo(byte);
    finish_line(byte);
  } else if (line_size < line_capacity) {
    echo(byte);
    line[line_size++] = byte;
  }
}

void type_byte(u8 byte) {
  if (byte == '\r') {
    if ((termios.c_iflag & IGNCR) != 0) return;
    if ((termios.c_iflag & ICRNL) != 0) byte = '\n';
  } else if (byte == '\n' && (termios.c_iflag & INLCR) != 0) {
    byte = '\r';
  }
  if (has(ICANON)) return edit(byte);
  echo(byte);
  make_readable(byte);
}

bool is_ready() {
  return hung_up || first != last || (!has(ICANON) && termios.c_cc[VMIN] == 0 && termios.c_cc[VTIME] == 0);
}

u64 take(char* to, u64 size) {
  u64 done = 0;
  while (done < size && first != last) {
    const u16 unit = units[first++ % capacity];
    if ((unit & no_byte) == 0) to[done++] = static_cast<char>(unit);
    if ((unit & line_end) != 0) break;
  }
  return done;
}

// A background job that wants the terminal is stopped. 0: it is in the foreground.
i64 refuse_background(u32 signal) {
  Process& self = current_process();
  if (!terminal_is_controlling() || self.group == foreground) return 0;
  const bool deaf =
      (current_thread().blocked & signal_bit(signal)) != 0 || self.actions[signal].handler == SIG_IGN;
  if (deaf) return signal == SIGTTIN ? -EIO : 0;
  signal_group(self.group, signal, {SI_KERNEL, 0, 0});
  return -ERESTARTSYS;
}

// With the lock held.
i64 wait_until_ready(bool wait) {
  const bool timed = !has(ICANON) && termios.c_cc[VMIN] == 0;
  const u64 end =
      timed ? ticks_now() + nanoseconds_to_ticks(termios.c_cc[VTIME] * u64{100'000'000}) : ~u64{0};
  while (!is_ready()) {
    if (!wait) return -EAGAIN;
    const Wake why = readers.sleep(lock, true, min_of(end, console_deadline()));
    if (why == Wake::signal) return -ERESTARTSYS;
    lock.unlock();
    pump_console();
    lock.lock();
    if (ticks_now() >= end) return 0;
  }
  return 0;
}

i64 set_attributes(u64 argument, bool forget_input) {
  Termios wanted;
  if (get_user(wanted, argument) != 0) return -EFAULT;
  if (const i64 error = refuse_background(SIGTTOU); error != 0) return error;
  SpinGuard guard(lock);
  if (forget_input) line_size = 0, first = last;
  const bool was_canonical = has(ICANON);
  termios = wanted;
  if (was_canonical && !has(ICANON)) {  // what is half edited can be read now
    for (u64 i = 0; i < line_size; ++i) make_readable(line[i]);
    line_size = 0;
  }
  readers.wake_all();
  return 0;
}

i64 set_foreground(u64 argument) {
  u32 group = 0;
  if (get_user(group, argument) != 0) return -EFAULT;
  if (!terminal_is_controlling()) return -ENOTTY;
  if (const i64 error = refuse_background(SIGTTOU); error != 0) return error;
  if (static_cast<i32>(group) < 0) return -EINVAL;
  SpinGuard guard(process_lock());
  const Process* member = find_member(group);
  if (member == nullptr || member->session != session) return member == nullptr ? -ESRCH : -EPERM;
  foreground = group;
  return 0;
}

}  // namespace

void resize_terminal(WindowSize size) {
  lock.lock();
  const bool changed = !(window == size);
  window = size;
  const u32 group = foreground;
  lock.unlock();
  if (changed) signal_group(group, SIGWINCH, {SI_KERNEL, 0, 0});
}

void terminal_type(const char* bytes, u64 size) {
  u32 signals[8];
  unsigned count = 0;
  lock.lock();
  for (u64 i = 0; i < size; ++i) {
    const u8 byte = static_cast<u8>(bytes[i]);
    const u32 signal = signal_of(byte);
    if (signal == 0) {
      type_byte(byte);
      continue;
    }
    echo(byte);
    if (!has(NOFLSH)) line_size = 0, first = last;
    if (count < 8) signals[count++] = signal;
  }
  const u32 group = foreground;
  readers.wake_all();
  lock.unlock();
  for (unsigned i = 0; i < count; ++i) signal_group(group, signals[i], {SI_KERNEL, 0, 0});
  notify_poll();
}

void terminal_hang_up() {
  if (hung_up) return;
  lock.lock();
  hung_up = true;
  readers.wake_all();
  lock.unlock();
  notify_poll();
}

bool terminal_is_controlling() { return current_process().session == session; }

i64 terminal_read(u64 to, u64 size, bool wait) {
  char bytes[256];
  if (const i64 error = refuse_background(SIGTTIN); error != 0) return error;
  pump_console();
  lock.lock();
  i64 result = wait_until_ready(wait);
  if (result == 0) result = static_cast<i64>(take(bytes, min_of(size, sizeof bytes)));
  lock.unlock();
  if (result <= 0) return result;
  return copy_to_user(to, bytes, static_cast<u64>(result)) == 0 ? result : -EFAULT;
}

i64 terminal_write(const char* bytes, u64 size, ConsoleStream stream) {
  if (has(TOSTOP))
    if (const i64 error = refuse_background(SIGTTOU); error != 0) return error;
  SpinGuard guard(lock);
  for (u64 done = 0; done < size;) {
    u64 end = done;
    while (end < size && bytes[end] != '\n') ++end;
    console_write(stream, bytes + done, end - done);
    if (end < size) print(bytes[end++], stream);
    done = end;
  }
  return static_cast<i64>(size);
}

i64 terminal_poll() {
  pump_console();
  SpinGuard guard(lock);
  return POLLOUT | (first != last || hung_up ? POLLIN : 0) | (hung_up ? POLLHUP : 0);
}

i64 terminal_control(u64 request, u64 argument) {
  const Process& self = current_process();
  switch (request) {
    case TCGETS: return put_user(argument, termios);
    case TCSETS:
    case TCSETSW:
    case TCSETSF: return set_attributes(argument, request == TCSETSF);
    case TCFLSH: {
      SpinGuard guard(lock);
      if (argument != 1) line_size = 0, first = last;
      return 0;
    }
    case TIOCGWINSZ: return put_user(argument, window);
    case TIOCSWINSZ: {
      WindowSize size;
      if (get_user(size, argument) != 0) return -EFAULT;
      resize_terminal(size);
      return 0;
    }
    case TIOCGPGRP: return terminal_is_controlling() ? put_user(argument, foreground) : -ENOTTY;
    case TIOCSPGRP: return set_foreground(argument);
    case TIOCGSID: return terminal_is_controlling() ? put_user(argument, session) : -ENOTTY;
    case TIOCSCTTY:
      if (self.session != self.pid) return -EPERM;
      session = self.session;
      foreground = self.group;
      return 0;
    case FIONREAD: return put_user(argument, static_cast<i32>(last - first));
    default: return -ENOTTY;
  }
}

}  // namespace guestos
