
#include "guestos/arch/hart.hpp"
#include "guestos/arch/layout.hpp"
#include "guestos/arch/sbi.hpp"
#include "guestos/mm/shootdown.hpp"

namespace guestos {

namespace {
constexpr u64 releasing = ~u64{0};
constinit u64 stopper = 0;  // hart id + 1 of who stops the others; `releasing` until all go again; 0: nobody
constinit u64 standing = 0;
}  // namespace

void stop_if_asked() {
  // Whoever it is waits for us before it does anything: it is still there when our bit is set.
  const u64 who = __atomic_load_n(&stopper, __ATOMIC_ACQUIRE);
  if (who == 0 || who == releasing) return;
  const u64 bit = u64{1} << this_hart().id;
  __atomic_fetch_or(&standing, bit, __ATOMIC_SEQ_CST);
  while (__atomic_load_n(&stopper, __ATOMIC_ACQUIRE) == who) {
    answer_shootdowns();
    pass_deferred();
  }
  __atomic_fetch_and(&standing, ~bit, __ATOMIC_SEQ_CST);
}

void stop_other_harts() {
  const u64 self = this_hart().id;
  const u64 others = other_harts();
  for (u64 nobody = 0;
       !__atomic_compare_exchange_n(&stopper, &nobody, self + 1, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
       nobody = 0)
    stop_if_asked();  // whoever was first looks first; we hold no lock either
  if (others != 0) sbi::send_ipi(others);
  while ((__atomic_load_n(&standing, __ATOMIC_ACQUIRE) & others) != others) answer_shootdowns();
  while (is_release_deferred()) pass_deferred();  // each that stands still passes, too
}

void let_other_harts_go() {
  __atomic_store_n(&stopper, releasing, __ATOMIC_SEQ_CST);
  // The next may stop them only when none is left that stood for us.
  while ((__atomic_load_n(&standing, __ATOMIC_ACQUIRE) & other_harts()) != 0) answer_shootdowns();
  __atomic_store_n(&stopper, 0, __ATOMIC_SEQ_CST);
}

void power_off(unsigned status) {
  constexpr u32 finisher_pass = 0x5555;
  constexpr u32 finisher_fail = 0x3333;
  if (boot_info().finisher != 0) {
    *direct<volatile u32>(boot_info().finisher) = status == 0 ? finisher_pass : status << 16 | finisher_fail;
    device_fence();
  }
  sbi::system_reset(status != 0);
  for (;;) wait_for_interrupt();
}

}  // namespace guestos
