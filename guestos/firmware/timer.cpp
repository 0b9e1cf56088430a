#include "guestos/firmware/timer.hpp"

#include "guestos/firmware/csr.hpp"
#include "guestos/firmware/mmio.hpp"

namespace hartbeat::firmware {
namespace {

constexpr std::uint64_t never = ~std::uint64_t{0};

std::uint64_t comparator(const Firmware& firmware, unsigned hart_id) {
  return firmware.platform.mtimecmp + 8 * std::uint64_t{hart_id};
}

}  // namespace

std::uint64_t read_time(const Firmware& firmware) {
  return mmio_read<std::uint64_t>(firmware.platform.mtime);
}

void set_timer(const Firmware& firmware, unsigned hart_id, std::uint64_t deadline) {
  if (firmware.has_stimecmp) {
    write_csr<Csr::stimecmp>(deadline);
    return;
  }
  if (firmware.platform.mtimecmp == 0) return;
  mmio_write<std::uint64_t>(comparator(firmware, hart_id), deadline);
  clear_csr_bits<Csr::mip>(interrupt::sti);
  set_csr_bits<Csr::mie>(interrupt::mti);
}

void cancel_timer(const Firmware& firmware, unsigned hart_id) {
  set_timer(firmware, hart_id, never);
  clear_csr_bits<Csr::mie>(interrupt::mti);
}

// MTIP stays up until the comparator is written, so it is masked until S-mode sets the next deadline.
void take_timer_interrupt() {
  clear_csr_bits<Csr::mie>(interrupt::mti);
  set_csr_bits<Csr::mip>(interrupt::sti);
}

}  // namespace hartbeat::firmware
