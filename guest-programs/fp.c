/* Floating point: printf and strtod, rounding modes, exception flags, NaN-boxing, fused multiply-add, and f
 * registers that survive other processes using them. */
#define _GNU_SOURCE
#include "law.h"

#include <fenv.h>
#include <float.h>
#include <math.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void check_text(void) {
  char text[128];
  snprintf(text, sizeof text, "%.3f %g %e %a", 3.14159, 1e-300, -2.5, 0.1);
  law(strcmp(text, "3.142 1e-300 -2.500000e+00 0x1.999999999999ap-4") == 0, "printf formats: %s", text);
  snprintf(text, sizeof text, "%.17g %.1f %.20f", 0.1, 0.25, 1.0 / 3);
  law(strcmp(text, "0.10000000000000001 0.2 0.33333333333333331483") == 0, "printf rounds exactly: %s", text);
  law(strtod("2.2250738585072011e-308", NULL) == 0x0.fffffffffffffp-1022, "strtod reads a hard subnormal");
  snprintf(text, sizeof text, "%Lg", 1.0L / 3);
  law(strncmp(text, "0.333333", 8) == 0, "long double is printed");
}

static void check_rounding(void) {
  volatile double one = 1, three = 3;
  const int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};
  const double thirds[] = {0x1.5555555555555p-2, 0x1.5555555555555p-2, 0x1.5555555555555p-2,
                           0x1.5555555555556p-2};
  const double negative[] = {-0x1.5555555555555p-2, -0x1.5555555555555p-2, -0x1.5555555555556p-2,
                             -0x1.5555555555555p-2};
  int right = 1;
  for (int i = 0; i < 4; ++i) {
    fesetround(modes[i]);
    right = right && one / three == thirds[i] && -one / three == negative[i] && fegetround() == modes[i];
  }
  fesetround(FE_TONEAREST);
  law(right, "1/3 and -1/3 in the four rounding modes");
  law(nearbyint(2.5) == 2 && nearbyint(3.5) == 4 && lrint(-0.5) == 0 && round(2.5) == 3, "ties go to even");
}

static int raises(int flags, double (*compute)(double, double), double a, double b) {
  feclearexcept(FE_ALL_EXCEPT);
  volatile double result = compute(a, b);
  (void)result;
  return fetestexcept(FE_ALL_EXCEPT) == flags;
}
static double divide(double a, double b) { return a / b; }
static double multiply(double a, double b) { return a * b; }
static double add(double a, double b) { return a + b; }
static double root(double a, double b) {
  double result;
  (void)b;
  asm volatile("fsqrt.d %0, %1" : "=f"(result) : "f"(a));
  return result;
}

static void check_flags(void) {
  law(raises(FE_DIVBYZERO, divide, 1, 0), "1/0 raises DZ alone");
  law(raises(FE_INVALID, divide, 0, 0), "0/0 raises NV alone");
  law(raises(FE_INEXACT, divide, 1, 3), "1/3 raises NX alone");
  law(raises(FE_OVERFLOW | FE_INEXACT, multiply, DBL_MAX, 2), "an overflow raises OF and NX");
  law(raises(FE_UNDERFLOW | FE_INEXACT, multiply, DBL_MIN, 0x1.8p-52),
      "an inexact subnormal raises UF and NX");
  law(raises(0, multiply, DBL_MIN, 0.5), "an exact subnormal raises nothing");
  law(raises(0, add, 1, 2), "1+2 raises nothing");
  law(raises(FE_INVALID, root, -1, 0), "the root of -1 raises NV");
  law(raises(FE_INVALID, add, INFINITY, -INFINITY), "inf-inf raises NV");
  feclearexcept(FE_ALL_EXCEPT);
}

static void check_conversions(void) {
  volatile double huge = 1e30, nan_value = NAN, minus = -1.5;
  int64_t to_long;
  uint32_t to_unsigned;
  asm volatile("fcvt.l.d %0, %1, rtz" : "=r"(to_long) : "f"(huge));
  law(to_long == INT64_MAX, "a conversion that overflows saturates");
  asm volatile("fcvt.l.d %0, %1, rtz" : "=r"(to_long) : "f"(nan_value));
  law(to_long == INT64_MAX, "a NaN converts to the largest integer");
  asm volatile("fcvt.wu.d %0, %1, rtz" : "=r"(to_unsigned) : "f"(minus));
  law(to_unsigned == 0, "a negative number converts to unsigned 0");
  volatile float narrow = 1.5f;
  uint64_t raw;
  asm volatile("fmv.x.d %0, %1" : "=r"(raw) : "f"(narrow));
  law(raw == 0xffffffff3fc00000u, "a float in an f register is NaN-boxed");
  double unboxed;
  uint32_t canonical;
  asm volatile("fmv.d.x %0, %1" : "=f"(unboxed) : "r"((uint64_t)0x3fc00000));
  asm volatile("fadd.s ft0, %1, %1\n\tfmv.x.w %0, ft0" : "=r"(canonical) : "f"(unboxed) : "ft0");
  law(canonical == 0x7fc00000, "a value that is not NaN-boxed counts as the canonical NaN");
  law(fma(0x1.0000000000001p0, 0x1.0000000000001p0, -0x1.0000000000002p0) == 0x1p-104, "fma rounds once");
  law(fmin(NAN, 1) == 1 && signbit(fmin(-0.0, 0.0)) && !signbit(fmax(-0.0, 0.0)),
      "minimum and maximum of NaN and -0");
}

/* Fills every f register and fcsr, gives the harts away, and looks whether they come back. */
static int registers_survive(double seed, int turns) {
  int survived = 1;
  for (int turn = 0; turn < turns; ++turn) {
    double before = seed + turn, low, high, saved;
    fesetround(turn % 2 == 0 ? FE_UPWARD : FE_DOWNWARD);
    asm volatile(
        "fmv.d ft0, %3\n\tfmv.d fs0, %3\n\tfmv.d ft11, %3\n\tfmv.d fs11, %3\n\t"
        "li a7, 124\n\tecall\n\t" /* sched_yield: a system call keeps every f register */
        "fmv.d %0, ft0\n\tfmv.d %1, ft11\n\tfadd.d %2, fs0, fs11"
        : "=&f"(low), "=&f"(high), "=&f"(saved)
        : "f"(before)
        : "a0", "a7", "ft0", "ft11", "fs0", "fs11", "memory");
    survived = survived && low == before && high == before && saved == 2 * before &&
               fegetround() == (turn % 2 == 0 ? FE_UPWARD : FE_DOWNWARD);
  }
  fesetround(FE_TONEAREST);
  return survived;
}

static void check_context_switches(void) {
  int children[3];
  for (int i = 0; i < 3; ++i) {
    children[i] = fork_or_die();
    if (children[i] == 0) _exit(!registers_survive(1000.0 * (i + 1), 200));
  }
  law(registers_survive(0.5, 200), "f registers and rounding mode survive system calls and other processes");
  for (int i = 0; i < 3; ++i) law(exited_with(wait_for(children[i]), 0), "and so they do in child %d", i);
}

int main(void) {
  check_text();
  check_rounding();
  check_flags();
  check_conversions();
  check_context_switches();
  law(fabs(sin(1.0) - 0.8414709848078965) < 1e-15 && fabs(exp(1.0) - M_E) < 1e-15, "libm computes");
  return verdict("fp");
}
