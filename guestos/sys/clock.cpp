#include "guestos/sys/clock.hpp"

#include "guestos/arch/boot_info.hpp"
#include "guestos/proc/spin_lock.hpp"
#include "guestos/proc/timer.hpp"

namespace guestos {

namespace {

constinit i64 epoch = 1'767'225'600'000'000'000;
constinit SpinLock lock;
constinit u64 random_state = 0;

// SplitMix64 (Steele, Lea, Flood 2014).
u64 next_random() {
  random_state += 0x9e37'79b9'7f4a'7c15;
  u64 z = random_state;
  z = (z ^ z >> 30) * 0xbf58'476d'1ce4'e5b9;
  z = (z ^ z >> 27) * 0x94d0'49bb'1331'11eb;
  return z ^ z >> 31;
}

}  // namespace

void clock_open() {
  random_state = boot_info().random_seed;
  if (const u64 seconds = boot_number("epoch", 0); seconds != 0)
    epoch = static_cast<i64>(seconds) * 1'000'000'000;
}

u64 monotonic_nanoseconds() { return ticks_to_nanoseconds(ticks_now()); }
i64 realtime_nanoseconds() { return epoch + static_cast<i64>(monotonic_nanoseconds()); }

void fill_random(void* to, u64 size) {
  SpinGuard guard(lock);
  auto* p = static_cast<u8*>(to);
  u64 word = 0;
  for (u64 i = 0; i < size; ++i) {
    if (i % 8 == 0) word = next_random();
    p[i] = static_cast<u8>(word >> (i % 8 * 8));
  }
}

}  // namespace guestos
