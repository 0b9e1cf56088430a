#include "emu/isa/fp/host.hpp"

namespace hartbeat::fp {

#if defined(__x86_64__) && !defined(__FMA__)

namespace {

// Which path runs depends on the host, what it computes does not: both round the exact value once.
__attribute__((target("fma"))) double fused(double a, double b, double c) { return __builtin_fma(a, b, c); }

const bool host_has_fma = __builtin_cpu_supports("fma");

}  // namespace

bool fused_on_host(double a, double b, double c, double& result) {
  if (!host_has_fma) return false;
  result = fused(a, b, c);
  return true;
}

#elif defined(__FMA__) || defined(__aarch64__)

bool fused_on_host(double a, double b, double c, double& result) {
  result = __builtin_fma(a, b, c);
  return true;
}

#else

bool fused_on_host(double, double, double, double&) { return false; }

#endif

}  // namespace hartbeat::fp
