#include "guestos/firmware/guarded_access.hpp"

namespace hartbeat::firmware {
namespace {

enum class Width { byte, half, doubleword };

// The view's mstatus bits are set for the one access only: with MPRV set, every access of ours would be the
// guest's.
template <Width width>
GuardedLoad guarded_load(std::uint64_t address, View view) {
  register std::uint64_t cause asm("a3") = no_fault;
  register std::uint64_t trap_value asm("a4") = 0;
  std::uint64_t value = 0;
  std::uint64_t saved_mtvec;
  std::uint64_t saved_status;
  asm volatile(
      ".option push\n.option norvc\n"
      "csrrw %[saved_mtvec], mtvec, %[handler]\n"
      "csrrs %[saved_status], mstatus, %[view]\n"
      ".if %[width] == 0\n  lbu %[value], 0(%[address])\n"
      ".elseif %[width] == 1\n  lhu %[value], 0(%[address])\n"
      ".else\n  ld %[value], 0(%[address])\n.endif\n"
      "csrw mstatus, %[saved_status]\n"
      "csrw mtvec, %[saved_mtvec]\n"
      ".option pop"
      : [value] "+&r"(value), [saved_mtvec] "=&r"(saved_mtvec), [saved_status] "=&r"(saved_status),
        "+r"(cause), "+r"(trap_value)
      : [handler] "r"(&guarded_trap), [address] "r"(address), [view] "r"(view),
        [width] "i"(static_cast<int>(width))
      : "memory");
  return {value, {cause, trap_value}};
}

}  // namespace

GuardedLoad guarded_load_byte(std::uint64_t address, View view) {
  return guarded_load<Width::byte>(address, view);
}

GuardedLoad guarded_load_half(std::uint64_t address, View view) {
  return guarded_load<Width::half>(address, view);
}

GuardedLoad guarded_load_double(std::uint64_t address, View view) {
  return guarded_load<Width::doubleword>(address, view);
}

Fault guarded_store_byte(std::uint64_t address, std::uint8_t value, View view) {
  register std::uint64_t cause asm("a3") = no_fault;
  register std::uint64_t trap_value asm("a4") = 0;
  std::uint64_t saved_mtvec;
  std::uint64_t saved_status;
  asm volatile(
      ".option push\n.option norvc\n"
      "csrrw %[saved_mtvec], mtvec, %[handler]\n"
      "csrrs %[saved_status], mstatus, %[view]\n"
      "sb %[value], 0(%[address])\n"
      "csrw mstatus, %[saved_status]\n"
      "csrw mtvec, %[saved_mtvec]\n"
      ".option pop"
      : [saved_mtvec] "=&r"(saved_mtvec), [saved_status] "=&r"(saved_status), "+r"(cause), "+r"(trap_value)
      : [handler] "r"(&guarded_trap), [address] "r"(address), [view] "r"(view), [value] "r"(value)
      : "memory");
  return {cause, trap_value};
}

}  // namespace hartbeat::firmware
