#include "guestos/firmware/hart_setup.hpp"

#include "guestos/firmware/csr.hpp"
#include "guestos/firmware/guarded_access.hpp"
#include "guestos/firmware/timer.hpp"

extern "C" [[noreturn]] void enter_supervisor(std::uint64_t pc, std::uint64_t a0, std::uint64_t a1);

namespace hartbeat::firmware {
namespace {

// Everything but: illegal instructions and misaligned accesses, which are emulated, and calls from S- and
// M-mode. Bits are WARL: what a core cannot delegate reads back as 0.
constexpr std::uint64_t delegated_exceptions =
    1u << 0 | 1u << 1 | 1u << 3 | 1u << 5 | 1u << 7 | 1u << 8 | 1u << 12 | 1u << 13 | 1u << 15;
constexpr std::uint64_t illegal_instruction_bit = 1u << cause::illegal_instruction;
// Guest-page faults and virtual-supervisor calls, for cores with the H extension.
constexpr std::uint64_t hypervisor_exceptions = 1u << 10 | 0xfu << 20;
constexpr std::uint64_t misa_h = 1u << 7;
constexpr std::uint64_t delegated_interrupts =
    interrupt::ssi | interrupt::sti | interrupt::sei | interrupt::counter_overflow;

constexpr std::uint64_t pmp_napot_rwx = 0x1f;
constexpr std::uint64_t counteren_tm = 1u << 1;

namespace menvcfg {
constexpr std::uint64_t cache_blocks = 3u << 4 | 1u << 6 | 1u << 7;  // CBIE, CBCFE, CBZE
constexpr std::uint64_t adue = 1ull << 61;
constexpr std::uint64_t pbmte = 1ull << 62;
constexpr std::uint64_t stce = 1ull << 63;
}  // namespace menvcfg

// One entry over the whole address space; without it a core that has PMP entries gives S-mode nothing
// (3.7.1).
void open_memory() {
  if (try_write_csr<Csr::pmpaddr0>(~std::uint64_t{0})) try_write_csr<Csr::pmpcfg0>(pmp_napot_rwx);
}

void open_extensions(const Platform& platform) {
  const std::uint64_t wanted = menvcfg::cache_blocks | menvcfg::pbmte | menvcfg::stce |
                               (platform.hardware_updates_accessed_dirty ? menvcfg::adue : 0);
  try_write_csr<Csr::menvcfg>(wanted);
  try_write_csr<Csr::mstateen0>(~std::uint64_t{0});
}

void open_counters(const Platform& platform) {
  try_write_csr<Csr::mcountinhibit>(0);
  const std::uint64_t all = 0xffffffff;
  try_write_csr<Csr::mcounteren>(platform.emulate_time ? all & ~counteren_tm : all);
  try_write_csr<Csr::scounteren>(all);
}

}  // namespace

void set_up_hart(const Platform& platform) {
  clear_csr_bits<Csr::mstatus>(status::mie | status::sie | status::mpp | status::mprv | status::sum |
                               status::mxr | status::tvm_tw_tsr | status::fs_dirty);
  open_memory();
  open_counters(platform);
  open_extensions(platform);
  std::uint64_t exceptions = delegated_exceptions;
  if ((read_csr<Csr::misa>() & misa_h) != 0) exceptions |= hypervisor_exceptions;
  if (!platform.emulate_time && probe_time_csr()) exceptions |= illegal_instruction_bit;
  write_csr<Csr::medeleg>(exceptions);
  write_csr<Csr::mideleg>(delegated_interrupts);
  write_csr<Csr::mie>(interrupt::msi);
}

bool probe_time_csr() { return try_read_csr<Csr::time>().has_value(); }

bool probe_stimecmp() { return (try_read_csr<Csr::menvcfg>().value_or(0) & menvcfg::stce) != 0; }

void start_supervisor(Firmware& firmware, unsigned hart_id, std::uint64_t pc, std::uint64_t argument) {
  write_csr<Csr::satp>(0);
  write_csr<Csr::stvec>(0);
  write_csr<Csr::mie>(interrupt::msi);
  clear_csr_bits<Csr::mip>(interrupt::ssi | interrupt::sti);
  cancel_timer(firmware, hart_id);
  // Code may have been written, and page tables reused, while this hart slept.
  asm volatile("sfence.vma\n\tfence.i" ::: "memory");
  clear_csr_bits<Csr::mstatus>(status::mpp | status::mpie | status::spie | status::sie | status::spp);
  set_csr_bits<Csr::mstatus>(status::mpp_supervisor);
  enter_supervisor(pc, hart_id, argument);
}

}  // namespace hartbeat::firmware
