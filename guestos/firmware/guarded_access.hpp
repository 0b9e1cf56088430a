// Accesses that may trap: CSRs that the core may lack, and memory as the interrupted program sees it
// (mstatus.MPRV). A trap becomes a value; mepc, mcause and mtval are clobbered (the trap frame keeps the
// interrupted program's).
#pragma once

#include <cstdint>
#include <optional>

#include "guestos/firmware/csr.hpp"

extern "C" void guarded_trap();

namespace hartbeat::firmware {

struct Fault {
  std::uint64_t cause;  // mcause
  std::uint64_t value;  // mtval
};

inline constexpr std::uint64_t no_fault = ~std::uint64_t{0};

struct GuardedLoad {
  std::uint64_t value;
  Fault fault;  // cause == no_fault: value is good
  bool ok() const { return fault.cause == no_fault; }
};

// Whose eyes an access is made with.
enum class View : std::uint64_t {
  machine = 0,                               // physical addresses
  guest = status::mprv,                      // as a load or store of the interrupted program
  guest_fetch = status::mprv | status::mxr,  // as its instruction fetch
};

GuardedLoad guarded_load_byte(std::uint64_t address, View view);
GuardedLoad guarded_load_half(std::uint64_t address, View view);    // address must be even
GuardedLoad guarded_load_double(std::uint64_t address, View view);  // address must be a multiple of 8
Fault guarded_store_byte(std::uint64_t address, std::uint8_t value, View view);

// nullopt: the core has no such CSR.
template <Csr number>
std::optional<std::uint64_t> try_read_csr() {
  register std::uint64_t cause asm("a3") = no_fault;
  register std::uint64_t trap_value asm("a4");
  std::uint64_t value = 0;
  std::uint64_t saved_mtvec;
  std::uint64_t saved_status;
  asm volatile(
      ".option push\n.option norvc\n"
      "csrr %[saved_status], mstatus\n"
      "csrrw %[saved_mtvec], mtvec, %[handler]\n"
      "csrr %[value], %[number]\n"
      "csrw mtvec, %[saved_mtvec]\n"
      "csrw mstatus, %[saved_status]\n"
      ".option pop"
      : [value] "+&r"(value), [saved_mtvec] "=&r"(saved_mtvec), [saved_status] "=&r"(saved_status),
        "+r"(cause), "=&r"(trap_value)
      : [handler] "r"(&guarded_trap), [number] "i"(static_cast<unsigned>(number))
      : "memory");
  if (cause != no_fault) return std::nullopt;
  return value;
}

// False: the core has no such CSR. The fields are WARL; read back what was accepted.
template <Csr number>
bool try_write_csr(std::uint64_t value) {
  register std::uint64_t cause asm("a3") = no_fault;
  register std::uint64_t trap_value asm("a4");
  std::uint64_t saved_mtvec;
  std::uint64_t saved_status;
  asm volatile(
      ".option push\n.option norvc\n"
      "csrr %[saved_status], mstatus\n"
      "csrrw %[saved_mtvec], mtvec, %[handler]\n"
      "csrw %[number], %[value]\n"
      "csrw mtvec, %[saved_mtvec]\n"
      "csrw mstatus, %[saved_status]\n"
      ".option pop"
      : [saved_mtvec] "=&r"(saved_mtvec), [saved_status] "=&r"(saved_status), "+r"(cause), "=&r"(trap_value)
      : [handler] "r"(&guarded_trap), [number] "i"(static_cast<unsigned>(number)), [value] "r"(value)
      : "memory");
  return cause == no_fault;
}

}  // namespace hartbeat::firmware
