#include "guestos/mm/injection.hpp"

#include "guestos/arch/boot_info.hpp"
#include "guestos/lib/memory.hpp"

namespace guestos {

namespace {

constexpr const char* names[] = {"alloc:", "slot:", "io:"};
constinit Injection injected = Injection::alloc;
constinit u64 attempts_until_failure = 0;  // 0: never
constinit u32 allocation_has_failed = 0;

}  // namespace

void arm_injection() {
  char value[32];
  if (!boot_argument("inject", value, sizeof value)) return;
  for (u8 what = 0; what < 3; ++what) {
    if (!starts_with(value, names[what])) continue;
    injected = static_cast<Injection>(what);
    attempts_until_failure = parse_number(value + strlen(names[what]));
  }
}

bool failure_is_due(Injection what) {
  if (what != injected || __atomic_load_n(&attempts_until_failure, __ATOMIC_RELAXED) == 0) return false;
  if (__atomic_sub_fetch(&attempts_until_failure, 1, __ATOMIC_RELAXED) != 0) return false;
  if (what == Injection::alloc) __atomic_store_n(&allocation_has_failed, 1, __ATOMIC_RELAXED);
  return true;
}

bool take_injected_failure() { return __atomic_exchange_n(&allocation_has_failed, 0, __ATOMIC_RELAXED) != 0; }

}  // namespace guestos
