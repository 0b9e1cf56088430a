#include "emu/devices/clint.hpp"

#include <algorithm>

namespace hartbeat {
namespace {

// Replaces the `size` bytes at `byte` of a 64-bit register.
std::uint64_t merged(std::uint64_t old, std::uint64_t byte, unsigned size, std::uint64_t value) {
  if (size == 8) return value;
  const std::uint64_t mask = ((std::uint64_t{1} << (8 * size)) - 1) << (8 * byte);
  return (old & ~mask) | ((value << (8 * byte)) & mask);
}

std::uint64_t part(std::uint64_t whole, std::uint64_t byte, unsigned size) {
  const std::uint64_t shifted = whole >> (8 * byte);
  return size == 8 ? shifted : shifted & ((std::uint64_t{1} << (8 * size)) - 1);
}

}  // namespace

Clint::Clint(unsigned harts, std::uint64_t timebase_hz, std::uint64_t clock_hz, Board& board)
    : ratio_(timebase_hz, clock_hz), timers_(harts), msip_(harts, false), board_(board) {}

bool Clint::read(std::uint64_t offset, unsigned size, Cycle now, std::uint64_t& value) {
  value = 0;
  if (size < 4) return false;                   // registers are read and written as words or doublewords
  if (offset >= mtime_offset + 8) return true;  // reserved
  if (offset >= mtime_offset) {
    value = part(mtime(now), offset - mtime_offset, size);
    return true;
  }
  if (offset >= mtimecmp_offset) {
    const std::uint64_t hart = (offset - mtimecmp_offset) / 8;
    if (hart < timers_.size()) value = part(timers_[hart].compare, offset & 7, size);
    return true;
  }
  const unsigned words = size == 8 ? 2 : 1;
  for (unsigned word = 0; word < words; ++word) {
    const std::uint64_t hart = offset / 4 + word;
    if (hart < msip_.size() && msip_[hart]) value |= std::uint64_t{1} << (32 * word);
  }
  return true;
}

bool Clint::write(std::uint64_t offset, unsigned size, std::uint64_t value, Cycle now) {
  if (size < 4) return false;
  if (offset >= mtime_offset + 8) return true;
  if (offset >= mtime_offset) {
    const std::uint64_t wanted = merged(mtime(now), offset - mtime_offset, size, value);
    mtime_offset_ = wanted - ratio_.ticks(now);
    for (unsigned hart = 0; hart < timers_.size(); ++hart) arm(hart, now);
    find_next_event();
    return true;
  }
  if (offset >= mtimecmp_offset) {
    const std::uint64_t hart = (offset - mtimecmp_offset) / 8;
    if (hart >= timers_.size()) return true;
    timers_[hart].compare = merged(timers_[hart].compare, offset & 7, size, value);
    arm(static_cast<unsigned>(hart), now);
    find_next_event();
    return true;
  }
  const unsigned words = size == 8 ? 2 : 1;
  for (unsigned word = 0; word < words; ++word) {
    const std::uint64_t hart = offset / 4 + word;
    if (hart < msip_.size()) set_msip(static_cast<unsigned>(hart), (value >> (32 * word) & 1) != 0);
  }
  return true;
}

void Clint::set_msip(unsigned hart, bool level) {
  msip_[hart] = level;
  board_.set_interrupt(HartId{hart}, msip, level);
}

void Clint::arm(unsigned hart, Cycle now) {
  Timer& timer = timers_[hart];
  const std::uint64_t time = mtime(now);
  const bool reached = time >= timer.compare;
  if (reached) {
    timer.due = never;
  } else {
    const std::uint64_t ticks = ratio_.ticks(now), wait = timer.compare - time;
    timer.due = ticks + wait < ticks ? never : ratio_.first_cycle(ticks + wait);
  }
  if (reached != timer.pending) board_.set_interrupt(HartId{hart}, mtip, reached);
  timer.pending = reached;
}

void Clint::find_next_event() {
  next_event_ = never;
  for (const Timer& timer : timers_) next_event_ = std::min(next_event_, timer.due);
  board_.event_moved();
}

void Clint::advance(Cycle now) {
  if (now < next_event_) return;
  for (unsigned hart = 0; hart < timers_.size(); ++hart) {
    if (timers_[hart].due <= now) arm(hart, now);
  }
  find_next_event();
}

}  // namespace hartbeat
