#include "guestos/arch/firmware_console.hpp"

#include "guestos/arch/boot_info.hpp"
#include "guestos/arch/layout.hpp"
#include "guestos/arch/sbi.hpp"
#include "guestos/proc/spin_lock.hpp"

namespace guestos {

namespace {

enum class Way : u8 { none, dbcn, uart };

constexpr unsigned uart_data = 0, uart_line_status = 5;
constexpr u8 uart_data_ready = 1, uart_transmit_empty = 0x20;

constinit Way way = Way::none;
constinit SpinLock console_lock;
// DBCN takes a physical address: text goes through this buffer, which is in the direct map.
constinit char staging[256] = {};

volatile u8* uart() { return direct<volatile u8>(boot_info().uart); }

void put(u8 c) {
  if (way == Way::none) return;
  while ((uart()[uart_line_status] & uart_transmit_empty) == 0) continue;
  uart()[uart_data] = c;
}

void write_staged(std::size_t size) {
  for (std::size_t done = 0; done < size;) {
    const i64 written = sbi::console_write(physical_of(staging) + done, size - done);
    if (written < 0) return;
    done += static_cast<std::size_t>(written);
  }
}

}  // namespace

void firmware_console_open() {
  if (sbi::has_extension(sbi::extension_dbcn)) {
    way = Way::dbcn;
  } else if (boot_info().uart != 0) {
    way = Way::uart;
  }
}

void firmware_console_write(const char* text, std::size_t size) {
  SpinGuard guard(console_lock);
  while (size != 0) {
    const std::size_t part = min_of(size, sizeof staging);
    if (way == Way::dbcn) {
      for (std::size_t i = 0; i < part; ++i) staging[i] = text[i];
      write_staged(part);
    } else {
      for (std::size_t i = 0; i < part; ++i) put(static_cast<u8>(text[i]));
    }
    text += part;
    size -= part;
  }
}

int firmware_console_read() {
  SpinGuard guard(console_lock);
  if (way == Way::dbcn) {
    if (sbi::console_read(physical_of(staging), 1) <= 0) return -1;
    return static_cast<u8>(staging[0]);
  }
  if (way == Way::none || (uart()[uart_line_status] & uart_data_ready) == 0) return -1;
  return uart()[uart_data];
}

}  // namespace guestos
