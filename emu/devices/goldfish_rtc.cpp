#include "emu/devices/goldfish_rtc.hpp"

namespace hartbeat {
namespace {

enum Register : std::uint64_t {
  time_low = 0x00,
  time_high = 0x04,
  alarm_low = 0x08,
  alarm_high = 0x0c,
  irq_enabled = 0x10,
  clear_alarm = 0x14,
  alarm_status = 0x18,
  clear_interrupt = 0x1c,
};
constexpr std::uint64_t nanoseconds_per_second = 1'000'000'000;

}  // namespace

GoldfishRtc::GoldfishRtc(std::uint64_t epoch_seconds, std::uint64_t clock_hz, InterruptLine line,
                         Board& board)
    : ratio_(nanoseconds_per_second, clock_hz),
      offset_(epoch_seconds * nanoseconds_per_second),
      line_(line),
      board_(board) {}

bool GoldfishRtc::read(std::uint64_t offset, unsigned size, Cycle now, std::uint64_t& value) {
  if (size != 4) return false;
  value = 0;
  if (offset == time_low) {  // latches the high half, so that low-then-high is one consistent reading
    const std::uint64_t time = nanoseconds(now);
    time_high_ = static_cast<std::uint32_t>(time >> 32);
    value = static_cast<std::uint32_t>(time);
  } else if (offset == time_high) {
    value = time_high_;
  } else if (offset == alarm_low) {
    value = static_cast<std::uint32_t>(alarm_);
  } else if (offset == alarm_high) {
    value = static_cast<std::uint32_t>(alarm_ >> 32);
  } else if (offset == irq_enabled) {
    value = enabled_;
  } else if (offset == alarm_status) {
    value = armed_;
  }
  return true;
}

bool GoldfishRtc::write(std::uint64_t offset, unsigned size, std::uint64_t value, Cycle now) {
  if (size != 4) return false;
  switch (offset) {
    case time_high: set_high_ = static_cast<std::uint32_t>(value); break;
    case time_low:
      offset_ = (std::uint64_t{set_high_} << 32 | value) - ratio_.ticks(now);
      arm(now);
      break;
    case alarm_high: alarm_high_ = static_cast<std::uint32_t>(value); break;
    case alarm_low:
      alarm_ = std::uint64_t{alarm_high_} << 32 | value;
      armed_ = true;
      arm(now);
      break;
    case irq_enabled: enabled_ = (value & 1) != 0; break;
    case clear_alarm:
      armed_ = false;
      arm(now);
      break;
    case clear_interrupt: pending_ = false; break;
    default: break;
  }
  line_.set(pending_ && enabled_);
  return true;
}

void GoldfishRtc::arm(Cycle now) {
  due_ = never;
  if (armed_ && alarm_ <= nanoseconds(now)) {
    armed_ = false;
    pending_ = true;
  } else if (armed_) {
    const std::uint64_t ticks = ratio_.ticks(now), wait = alarm_ - nanoseconds(now);
    due_ = ticks + wait < ticks ? never : ratio_.first_cycle(ticks + wait);
  }
  line_.set(pending_ && enabled_);
  board_.event_moved();
}

void GoldfishRtc::advance(Cycle now) {
  if (due_ <= now) arm(now);
}

}  // namespace hartbeat
