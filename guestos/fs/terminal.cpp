#include "guestos/fs/terminal.hpp"

#include "guestos/arch/hart.hpp"
#include "guestos/mm/user_memory.hpp"
#include "guestos/proc/signal.hpp"

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

constinit Terminal the_console;

bool is_space(u8 byte) { return byte == ' ' || byte == '\t'; }

}  // namespace

Terminal& console_terminal() { return the_console; }

// --- input

void Terminal::print(char byte, ConsoleStream stream) {
  if (byte == '\n' && (termios_.c_oflag & (OPOST | ONLCR)) == (OPOST | ONLCR))
    return console_write(stream, "\r\n", 2);
  console_write(stream, &byte, 1);
}

void Terminal::echo(u8 byte) {
  if (!has(ECHO)) return;
  if (has(ECHOCTL) && byte < 32 && byte != '\n' && byte != '\t') {
    const char shown[2] = {'^', static_cast<char>(byte + 64)};
    return console_write(ConsoleStream::output, shown, 2);
  }
  print(static_cast<char>(byte), ConsoleStream::output);
}

void Terminal::rub_out() {
  const u8 byte = line_[--line_size_];
  const bool wide = has(ECHOCTL) && byte < 32 && byte != '\t';
  if (has(ECHO) && has(ECHOE)) console_write(ConsoleStream::output, "\b \b\b \b", wide ? 6 : 3);
}

void Terminal::make_readable(u16 unit) {
  if (last_ - first_ < capacity) units_[last_++ % capacity] = unit;
}

// The line becomes readable; `last` is its end: a byte, or ^D's.
void Terminal::finish_line(u16 last) {
  for (u64 i = 0; i < line_size_; ++i) {
    const bool ends_here = i + 1 == line_size_ && (last & no_byte) != 0;
    make_readable(static_cast<u16>(line_[i] | (ends_here ? line_end : 0)));
  }
  if ((last & no_byte) == 0 || line_size_ == 0) make_readable(static_cast<u16>(last | line_end));
  line_size_ = 0;
}

u32 Terminal::signal_of(u8 byte) const {
  if (!has(ISIG) || byte == 0) return 0;
  const u8* characters = termios_.c_cc;
  if (byte == characters[VINTR]) return SIGINT;
  if (byte == characters[VQUIT]) return SIGQUIT;
  return byte == characters[VSUSP] ? u32{SIGTSTP} : 0;
}

void Terminal::edit(u8 byte) {
  const u8* characters = termios_.c_cc;
  if (byte == characters[VERASE]) {
    if (line_size_ != 0) rub_out();
  } else if (byte == characters[VKILL]) {
    while (line_size_ != 0) rub_out();
  } else if (byte == characters[VWERASE] && has(IEXTEN)) {
    while (line_size_ != 0 && is_space(line_[line_size_ - 1])) rub_out();
    while (line_size_ != 0 && !is_space(line_[line_size_ - 1])) rub_out();
  } else if (byte == characters[VEOF]) {
    finish_line(no_byte);
  } else if (byte == '\n' || (byte != 0 && byte == characters[VEOL])) {
    echo(byte);
    finish_line(byte);
  } else if (line_size_ < line_capacity) {
    echo(byte);
    line_[line_size_++] = byte;
  }
}

void Terminal::type_byte(u8 byte) {
  if (byte == '\r') {
    if ((termios_.c_iflag & IGNCR) != 0) return;
    if ((termios_.c_iflag & ICRNL) != 0) byte = '\n';
  } else if (byte == '\n' && (termios_.c_iflag & INLCR) != 0) {
    byte = '\r';
  }
  if (has(ICANON)) return edit(byte);
  echo(byte);
  make_readable(byte);
}

void Terminal::type(const char* bytes, u64 size) {
  u32 signals[8];
  unsigned count = 0;
  lock_.lock();
  for (u64 i = 0; i < size; ++i) {
    const u8 byte = static_cast<u8>(bytes[i]);
    const u32 signal = signal_of(byte);
    if (signal == 0) {
      type_byte(byte);
      continue;
    }
    echo(byte);
    if (!has(NOFLSH)) line_size_ = 0, first_ = last_;
    if (count < 8) signals[count++] = signal;
  }
  const u32 group = foreground_;
  readers_.wake_all();
  lock_.unlock();
  for (unsigned i = 0; i < count; ++i) signal_group(group, signals[i], {SI_KERNEL, 0, 0});
  notify_poll();
}

void Terminal::hang_up() {
  if (hung_up_) return;
  lock_.lock();
  hung_up_ = true;
  readers_.wake_all();
  lock_.unlock();
  notify_poll();
}

// --- reading and writing

bool Terminal::is_ready() const {
  return hung_up_ || first_ != last_ ||
         (!has(ICANON) && termios_.c_cc[VMIN] == 0 && termios_.c_cc[VTIME] == 0);
}

u64 Terminal::take(char* to, u64 size) {
  u64 done = 0;
  while (done < size && first_ != last_) {
    const u16 unit = units_[first_++ % capacity];
    if ((unit & no_byte) == 0) to[done++] = static_cast<char>(unit);
    if ((unit & line_end) != 0) break;
  }
  return done;
}

bool Terminal::is_controlling() const { return current_process().session == session_; }

// A background job that wants the terminal is stopped. 0: it is in the foreground.
i64 Terminal::refuse_background(u32 signal) {
  Process& self = current_process();
  if (!is_controlling() || self.group == foreground_) return 0;
  const bool deaf =
      (current_thread().blocked & signal_bit(signal)) != 0 || self.actions[signal].handler == SIG_IGN;
  if (deaf) return signal == SIGTTIN ? -EIO : 0;
  signal_group(self.group, signal, {SI_KERNEL, 0, 0});
  return -ERESTARTSYS;
}

// With the lock held.
i64 Terminal::wait_until_ready(bool wait) {
  const bool timed = !has(ICANON) && termios_.c_cc[VMIN] == 0;
  const u64 end =
      timed ? ticks_now() + nanoseconds_to_ticks(termios_.c_cc[VTIME] * u64{100'000'000}) : ~u64{0};
  while (!is_ready()) {
    if (!wait) return -EAGAIN;
    const Wake why = readers_.sleep(lock_, true, min_of(end, console_deadline()));
    if (why == Wake::signal) return -ERESTARTSYS;
    lock_.unlock();
    pump_console();
    lock_.lock();
    if (ticks_now() >= end) return 0;
  }
  return 0;
}

i64 Terminal::read(u64 to, u64 size, bool wait) {
  char bytes[256];
  if (const i64 error = refuse_background(SIGTTIN); error != 0) return error;
  pump_console();
  lock_.lock();
  i64 result = wait_until_ready(wait);
  if (result == 0) result = static_cast<i64>(take(bytes, min_of(size, sizeof bytes)));
  lock_.unlock();
  if (result <= 0) return result;
  return copy_to_user(to, bytes, static_cast<u64>(result)) == 0 ? result : -EFAULT;
}

i64 Terminal::write(const char* bytes, u64 size, ConsoleStream stream) {
  if (has(TOSTOP))
    if (const i64 error = refuse_background(SIGTTOU); error != 0) return error;
  SpinGuard guard(lock_);
  const bool processes = (termios_.c_oflag & (OPOST | ONLCR)) == (OPOST | ONLCR);
  for (u64 done = 0; done < size;) {
    u64 end = done;
    while (end < size && !(processes && bytes[end] == '\n')) ++end;
    console_write(stream, bytes + done, end - done);
    if (end < size) print(bytes[end++], stream);
    done = end;
  }
  return static_cast<i64>(size);
}

i64 Terminal::poll() {
  pump_console();
  SpinGuard guard(lock_);
  return POLLOUT | (first_ != last_ || hung_up_ ? POLLIN : 0) | (hung_up_ ? POLLHUP : 0);
}

// --- control

i64 Terminal::set_attributes(u64 argument, bool forget_input) {
  Termios wanted;
  if (get_user(wanted, argument) != 0) return -EFAULT;
  if (const i64 error = refuse_background(SIGTTOU); error != 0) return error;
  SpinGuard guard(lock_);
  if (forget_input) line_size_ = 0, first_ = last_;
  const bool was_canonical = has(ICANON);
  termios_ = wanted;
  if (was_canonical && !has(ICANON)) {  // what is half edited can be read now
    for (u64 i = 0; i < line_size_; ++i) make_readable(line_[i]);
    line_size_ = 0;
  }
  readers_.wake_all();
  return 0;
}

i64 Terminal::set_foreground(u64 argument) {
  u32 group = 0;
  if (get_user(group, argument) != 0) return -EFAULT;
  if (!is_controlling()) return -ENOTTY;
  if (const i64 error = refuse_background(SIGTTOU); error != 0) return error;
  if (static_cast<i32>(group) < 0) return -EINVAL;
  SpinGuard guard(process_lock());
  i64 result = -ESRCH;
  for (const Process* p = all_processes().first(); p != nullptr; p = ProcessList::next(p)) {
    if (p->group != group) continue;
    result = p->session == session_ ? 0 : -EPERM;
    break;
  }
  if (result == 0) foreground_ = group;
  return result;
}

i64 Terminal::control(u64 request, u64 argument) {
  const Process& self = current_process();
  switch (request) {
    case TCGETS: return put_user(argument, termios_);
    case TCSETS:
    case TCSETSW:
    case TCSETSF: return set_attributes(argument, request == TCSETSF);
    case TCFLSH: {
      SpinGuard guard(lock_);
      if (argument != 1) line_size_ = 0, first_ = last_;
      return 0;
    }
    case TIOCGWINSZ: return put_user(argument, window_);
    case TIOCSWINSZ: return get_user(window_, argument);
    case TIOCGPGRP: return is_controlling() ? put_user(argument, foreground_) : -ENOTTY;
    case TIOCSPGRP: return set_foreground(argument);
    case TIOCGSID: return is_controlling() ? put_user(argument, session_) : -ENOTTY;
    case TIOCSCTTY:
      if (self.session != self.pid) return -EPERM;
      session_ = self.session;
      foreground_ = self.group;
      return 0;
    case FIONREAD: return put_user(argument, static_cast<i32>(last_ - first_));
    default: return -ENOTTY;
  }
}

}  // namespace guestos
