#include "emu/devices/uart16550.hpp"

#include <array>

namespace hartbeat {
namespace {

enum Register : unsigned {
  rbr_thr_dll = 0,
  ier_dlm = 1,
  iir_fcr = 2,
  lcr = 3,
  mcr = 4,
  lsr = 5,
  msr = 6,
  scr = 7
};

constexpr std::uint8_t ier_receive = 1, ier_transmit = 2, ier_line = 4, ier_modem = 8;
constexpr std::uint8_t iir_none = 0x01, iir_transmit = 0x02, iir_receive = 0x04, iir_line = 0x06,
                       iir_timeout = 0x0c, iir_modem = 0x00;
constexpr std::uint8_t fcr_enable = 1, fcr_clear_receive = 2;
constexpr std::uint8_t lcr_divisor_latch = 0x80;
constexpr std::uint8_t mcr_loopback = 0x10;
constexpr std::uint8_t lsr_data = 0x01, lsr_overrun = 0x02, lsr_thr_empty = 0x20, lsr_empty = 0x40;

// In loop-back the modem outputs come back as the modem inputs (data sheet, 8.6.7).
std::uint8_t modem_inputs(std::uint8_t mcr_value) {
  if ((mcr_value & mcr_loopback) == 0) return 0xb0;
  const unsigned dtr = mcr_value & 1, rts = mcr_value >> 1 & 1, out1 = mcr_value >> 2 & 1,
                 out2 = mcr_value >> 3 & 1;
  return static_cast<std::uint8_t>(rts << 4 | dtr << 5 | out1 << 6 | out2 << 7);
}

}  // namespace

bool Uart16550::read(std::uint64_t offset, unsigned, Cycle, std::uint64_t& value) {
  value = offset < 8 ? read_register(static_cast<unsigned>(offset)) : 0;
  return true;
}

bool Uart16550::write(std::uint64_t offset, unsigned, std::uint64_t value, Cycle) {
  if (offset < 8) write_register(static_cast<unsigned>(offset), static_cast<std::uint8_t>(value));
  return true;
}

std::uint8_t Uart16550::read_register(unsigned index) {
  const bool divisor = (lcr_ & lcr_divisor_latch) != 0;
  switch (index) {
    case rbr_thr_dll: return divisor ? dll_ : receive();
    case ier_dlm: return divisor ? dlm_ : ier_;
    case iir_fcr: {
      const std::uint8_t id = interrupt_identification();
      if (id == iir_transmit) announce_transmitter(false);  // reading the IIR is its acknowledgement
      update_interrupt();
      return static_cast<std::uint8_t>(id | ((fcr_ & fcr_enable) != 0 ? 0xc0 : 0));
    }
    case lcr: return lcr_;
    case mcr: return mcr_;
    case lsr: return line_status();
    case msr: {
      const std::uint8_t value = msr_;
      msr_ &= 0xf0;  // reading clears the "has changed" bits
      update_interrupt();
      return value;
    }
    default: return scr_;
  }
}

void Uart16550::write_register(unsigned index, std::uint8_t value) {
  const bool divisor = (lcr_ & lcr_divisor_latch) != 0;
  switch (index) {
    case rbr_thr_dll:
      if (divisor)
        dll_ = value;
      else
        transmit(value);
      break;
    case ier_dlm:
      if (divisor)
        dlm_ = value;
      else
        write_ier(value);
      break;
    case iir_fcr: write_fcr(value); break;
    case lcr: lcr_ = value; break;
    case mcr: write_mcr(value); break;
    case scr: scr_ = value; break;
    default: break;  // LSR and MSR are read-only
  }
}

void Uart16550::write_ier(std::uint8_t value) {
  const std::uint8_t newly = value & ~ier_ & 0x0f;
  ier_ = value & 0x0f;
  if ((newly & ier_transmit) != 0) announce_transmitter(true);  // the register is empty: say so at once
  if ((ier_ & ier_transmit) == 0) line_.announce(false);
  if ((newly & ier_receive) != 0) {
    input_.wanted();
    refill(HostInput::Wait::briefly);
  }
  update_interrupt();
}

void Uart16550::write_fcr(std::uint8_t value) {
  const bool toggled = ((value ^ fcr_) & fcr_enable) != 0;
  if (toggled || (value & fcr_clear_receive) != 0) fifo_.clear();
  fcr_ = (value & fcr_enable) != 0 ? value & 0xc9 : 0;  // the other bits only stick while the FIFOs are on
  update_interrupt();
}

void Uart16550::write_mcr(std::uint8_t value) {
  mcr_ = value & 0x1f;
  const std::uint8_t inputs = modem_inputs(mcr_);
  const std::uint8_t changed = static_cast<std::uint8_t>((inputs ^ msr_) >> 4 & 0x0f);
  const bool ring_went_on =
      (inputs & 0x40) != 0 && (changed & 4) != 0;  // TERI: only the trailing edge counts
  const std::uint8_t deltas =
      static_cast<std::uint8_t>((msr_ & 0x0f) | (ring_went_on ? changed & ~4 : changed));
  msr_ = inputs | deltas;
  update_interrupt();
}

std::uint8_t Uart16550::receive() {
  input_.wanted();
  status_was_empty_ = false;
  if (fifo_.empty()) refill(HostInput::Wait::none);
  std::uint8_t byte = 0;
  if (!fifo_.empty()) {
    byte = fifo_.front();
    fifo_.pop_front();
  }
  if ((ier_ & ier_receive) != 0) refill(HostInput::Wait::briefly);
  update_interrupt();
  return byte;
}

// A guest that looks twice in a row, and sent nothing in between though it could, is waiting for input and
// not for the transmitter: only then is it worth waiting for a slow writer.
std::uint8_t Uart16550::line_status() {
  if (fifo_.empty()) refill(status_was_empty_ ? HostInput::Wait::briefly : HostInput::Wait::none);
  status_was_empty_ = fifo_.empty();
  std::uint8_t value = lsr_thr_empty | lsr_empty;
  if (!fifo_.empty()) value |= lsr_data;
  if (overrun_) value |= lsr_overrun;
  overrun_ = false;
  update_interrupt();
  return value;
}

void Uart16550::transmit(std::uint8_t byte) {
  status_was_empty_ = false;
  if ((mcr_ & mcr_loopback) == 0) {
    output_.put(byte);
  } else if (fifo_.size() < ((fcr_ & fcr_enable) != 0 ? fifo_depth : 1)) {
    fifo_.push_back(byte);
  } else {
    overrun_ = true;
  }
  announce_transmitter(true);
  update_interrupt();
}

// An event rather than a level, as it is on QEMU: a driver that never reads the IIR, as xv6's does not, would otherwise be
// interrupted without end.
void Uart16550::announce_transmitter(bool is_empty) {
  thr_empty_interrupt_ = is_empty;
  if (!is_empty || (ier_ & ier_transmit) != 0) line_.announce(is_empty);
}

void Uart16550::refill(HostInput::Wait wait) {
  if ((mcr_ & mcr_loopback) != 0 || !fifo_.empty()) return;
  std::array<std::uint8_t, fifo_depth> bytes;
  const std::size_t room = (fcr_ & fcr_enable) != 0 ? fifo_depth : 1;
  const std::size_t got = input_.read(std::span(bytes).first(room), wait);
  fifo_.insert(fifo_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(got));
}

// A terminal is looked at even for a guest that does not listen: Ctrl-A x is to end it all the same.
bool Uart16550::wants_polling() const {
  return fifo_.empty() && input_.live() && ((ier_ & ier_receive) != 0 || input_.is_terminal());
}

void Uart16550::poll() {
  refill(HostInput::Wait::none);
  update_interrupt();
}

std::size_t Uart16550::trigger_level() const {
  constexpr std::array<std::size_t, 4> levels{1, 4, 8, 14};
  return (fcr_ & fcr_enable) != 0 ? levels[fcr_ >> 6] : 1;
}

// The pending interrupt of the highest priority (data sheet, table III). The time-out of a partly filled FIFO
// has always passed: characters arrive in no time, and then none for long.
std::uint8_t Uart16550::interrupt_identification() const {
  if ((ier_ & ier_line) != 0 && overrun_) return iir_line;
  if ((ier_ & ier_receive) != 0 && !fifo_.empty())
    return fifo_.size() >= trigger_level() ? iir_receive : iir_timeout;
  if ((ier_ & ier_transmit) != 0 && thr_empty_interrupt_) return iir_transmit;
  if ((ier_ & ier_modem) != 0 && (msr_ & 0x0f) != 0) return iir_modem;
  return iir_none;
}

void Uart16550::update_interrupt() {
  const std::uint8_t id = interrupt_identification();
  line_.set(id != iir_none && id != iir_transmit);
}

}  // namespace hartbeat
