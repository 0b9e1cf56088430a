#include "guestos/arch/console_devices.hpp"

#include "guestos/arch/firmware_console.hpp"
#include "guestos/arch/hart.hpp"
#include "guestos/arch/layout.hpp"
#include "guestos/devices/virtio_console.hpp"
#include "guestos/fs/terminal.hpp"

namespace guestos {

namespace {

constexpr u64 polls_per_second = 100;  // for input that announces itself by no interrupt

constinit VirtioConsole* consoles[2] = {};
constinit SpinLock input_lock;
constinit WaitQueue input_waiters;
constinit bool someone_waits = false;
constinit int typed = -1;  // a byte from the firmware console that nobody has taken yet

// PLIC registers (RISC-V PLIC specification 1.0, "Memory Map"). QEMU's virt has contexts M and S of each hart
// in turn.
constexpr u64 plic_priority = 0, plic_enable = 0x2000, plic_threshold = 0x20'0000, plic_claim = 0x20'0004;
u64 plic_context() { return 2 * this_hart().id + 1; }
volatile u32& plic(u64 offset) { return *direct<volatile u32>(boot_info().plic + offset); }

bool input_ready_locked() {
  if (consoles[0] != nullptr) {
    consoles[0]->post();
    return consoles[0]->poll();
  }
  if (typed < 0) typed = firmware_console_read();
  return typed >= 0;
}

bool is_polled() { return consoles[0] == nullptr || boot_info().plic == 0; }
constinit bool is_terminal = false;

// The boot argument's value may be the size of the window: tty=ROWSxCOLUMNS.
void terminal_open() {
  char size[16];
  is_terminal = boot_argument("tty", size, sizeof size) && !equal(size, "0") && !equal(size, "off");
  if (!is_terminal) return;
  WindowSize window;
  char* columns = size;
  while (*columns != 0 && *columns != 'x') ++columns;
  if (*columns == 0) return;
  *columns++ = 0;
  window.ws_row = static_cast<u16>(parse_number(size));
  window.ws_col = static_cast<u16>(parse_number(columns));
  resize_terminal(window);
}

void take_window_size() {
  WindowSize window;
  if (is_terminal && consoles[0]->window_size(window.ws_col, window.ws_row)) resize_terminal(window);
}

// Up to `size` bytes that are there, or what there is of a line; with the lock held.
u64 take_input(char* to, u64 size) {
  if (consoles[0] != nullptr) return consoles[0]->take(to, size);
  u64 done = 0;
  while (done < size && input_ready_locked()) {
    const char c = static_cast<char>(!is_terminal && typed == '\r' ? '\n' : typed);
    typed = -1;
    if (!is_terminal && c == 4) break;  // Control-D ends the input, as a terminal would have it
    to[done++] = c;
    if (!is_terminal && c == '\n') break;
  }
  return done;
}

}  // namespace

void console_devices_open() {
  unsigned count = 0;
  for (unsigned i = 0; i < boot_info().virtio_count && count < 2; ++i) {
    auto* console = create<VirtioConsole>();
    if (console != nullptr && console->open(boot_info().virtio[i])) consoles[count++] = console;
  }
  terminal_open();
}

void enable_console_interrupts() {
  if (is_polled()) return;
  const u32 source = consoles[0]->interrupt();
  plic(plic_priority + 4 * source) = 1;
  plic(plic_enable + 0x80 * plic_context() + source / 32 * 4) = u32{1} << source % 32;
  plic(plic_threshold + 0x1000 * plic_context()) = 0;
  csr::set<csr::sie>(csr::interrupt_external);
}

void console_write(ConsoleStream stream, const char* bytes, u64 size) {
  VirtioConsole* console = consoles[0];
  if (stream == ConsoleStream::error && consoles[1] != nullptr) console = consoles[1];
  if (console != nullptr) {
    console->write(bytes, size);
  } else {
    firmware_console_write(bytes, size);
  }
}

bool console_has_input() {
  SpinGuard guard(input_lock);
  return input_ready_locked();
}

bool console_is_terminal() { return is_terminal; }
u64 console_deadline() {
  return is_polled() ? ticks_now() + boot_info().timebase / polls_per_second : ~u64{0};
}

void pump_console() {
  char bytes[64];
  for (;;) {
    input_lock.lock();
    const bool ready = input_ready_locked();
    const u64 size = ready ? take_input(bytes, sizeof bytes) : 0;
    input_lock.unlock();
    if (!ready) return;
    if (size == 0) return terminal_hang_up();
    terminal_type(bytes, size);
  }
}

i64 console_read(char* to, u64 size, bool wait) {
  SpinGuard guard(input_lock);
  while (!input_ready_locked()) {
    if (!wait) return -EAGAIN;
    __atomic_store_n(&someone_waits, true, __ATOMIC_SEQ_CST);
    if (input_waiters.sleep(input_lock, true, console_deadline()) == Wake::signal) return -ERESTARTSYS;
  }
  return static_cast<i64>(take_input(to, size));
}

void poll_console_devices() {
  if (is_terminal) return pump_console();
  if (!__atomic_load_n(&someone_waits, __ATOMIC_RELAXED) || consoles[0] == nullptr) return;
  input_lock.lock();
  const bool ready = consoles[0]->poll();
  if (ready) {
    someone_waits = false;
    input_waiters.wake_all();
  }
  input_lock.unlock();
  if (ready) notify_poll();
}

void console_interrupt() {
  if (is_polled()) return;
  const u64 claim = plic_claim + 0x1000 * plic_context();
  while (const u32 source = plic(claim)) {
    if (consoles[0]->acknowledge()) take_window_size();
    plic(claim) = source;
  }
  poll_console_devices();
}

}  // namespace guestos
