#include "guestos/sys/clock.hpp"

#include "guestos/arch/hart.hpp"
#include "guestos/mm/user_memory.hpp"

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

i64 monotonic_nanoseconds() { return static_cast<i64>(ticks_to_nanoseconds(ticks_now())); }
i64 realtime_nanoseconds() { return epoch + monotonic_nanoseconds(); }

bool read_time(Timespec time, i64 unit, u64& nanoseconds) {
  if (time.seconds < 0 || static_cast<u64>(time.nanoseconds) >= 1'000'000'000 / static_cast<u64>(unit))
    return false;
  nanoseconds =
      static_cast<u64>(min_of(time.seconds, i64{1} << 32) * 1'000'000'000 + time.nanoseconds * unit);
  return true;
}

i64 get_deadline(u64 address, u64& deadline, i64 now) {
  u64 nanoseconds = 0;
  deadline = ~u64{0};
  if (address == 0) return 0;
  Timespec time = {};
  if (get_user(time, address) != 0) return -EFAULT;
  if (!read_time(time, 1, nanoseconds)) return -EINVAL;
  deadline = ticks_now() + nanoseconds_to_ticks(nanoseconds - min_of(nanoseconds, static_cast<u64>(now)));
  return 0;
}

bool sleep_until(u64 deadline) {
  SpinLock lock;
  WaitQueue nobody_wakes;
  SpinGuard guard(lock);
  auto is_over = [&] { return ticks_now() >= deadline; };
  return nobody_wakes.wait_until(lock, is_over, deadline) != -ERESTARTSYS;
}

i64 random_to_user(u64 to, u64 size) {
  u8 bytes[256];
  u64 done = 0;
  while (done < size) {
    const u64 part = min_of(size - done, sizeof bytes);
    fill_random(bytes, part);
    if (copy_to_user(to + done, bytes, part) != 0) return done != 0 ? static_cast<i64>(done) : -EFAULT;
    done += part;
    if (current_thread().has_pending_work()) break;
  }
  return static_cast<i64>(done);
}

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
