#include "guestos/arch/sbi.hpp"

namespace guestos::sbi {

namespace {
constexpr u64 extension_base = 0x10, extension_time = 0x54494d45, extension_ipi = 0x735049,
              extension_rfence = 0x52464e43, extension_hsm = 0x48534d;

i64 console_access(u64 function, u64 physical, u64 size) {
  const Result result = call(extension_dbcn, function, size, physical, 0);
  return result.error != 0 ? result.error : static_cast<i64>(result.value);
}
}  // namespace

Result call(u64 extension, u64 function, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4) {
  register u64 r0 asm("a0") = a0;
  register u64 r1 asm("a1") = a1;
  register u64 r2 asm("a2") = a2;
  register u64 r3 asm("a3") = a3;
  register u64 r4 asm("a4") = a4;
  register u64 r6 asm("a6") = function;
  register u64 r7 asm("a7") = extension;
  asm volatile("ecall" : "+r"(r0), "+r"(r1) : "r"(r2), "r"(r3), "r"(r4), "r"(r6), "r"(r7) : "memory");
  return {static_cast<i64>(r0), r1};
}

bool has_extension(u64 extension) {
  const Result result = call(extension_base, 3, extension);
  return result.error == 0 && result.value != 0;
}

void set_timer(u64 deadline) { call(extension_time, 0, deadline); }
void send_ipi(u64 hart_mask) { call(extension_ipi, 0, hart_mask, 0); }
void remote_fence_i(u64 hart_mask) { call(extension_rfence, 0, hart_mask, 0); }
void remote_fence(u64 hart_mask) { call(extension_rfence, 1, hart_mask, 0, 0, ~u64{0}); }
void remote_fence_asid(u64 hart_mask, u64 start, u64 size, u64 asid) {
  call(extension_rfence, 2, hart_mask, 0, start, size, asid);
}
i64 start_hart(u64 hart, u64 physical_entry, u64 argument) {
  return call(extension_hsm, 0, hart, physical_entry, argument).error;
}

i64 console_write(u64 physical, u64 size) { return console_access(0, physical, size); }
i64 console_read(u64 physical, u64 size) { return console_access(1, physical, size); }

void system_reset(bool failure) { call(extension_srst, 0, 0, failure ? 1 : 0); }

}  // namespace guestos::sbi
