// PMU: counters of hardware and of firmware events. What a machine need not have is looked for first.
#include "payload.hpp"

namespace payload {
namespace {

enum Function : std::uint64_t {
  num_counters,
  get_info,
  config_matching,
  start,
  stop,
  fw_read,
  fw_read_hi,
  set_shmem
};
constexpr std::uint64_t skip_match = 1, clear_value = 2, auto_start = 4, sinh = 1 << 6;
constexpr std::uint64_t set_init_value = 1, init_snapshot = 2, reset = 1, take_snapshot = 2;
constexpr std::uint64_t cycles_event = 1, instructions_event = 2, dtlb_load_miss_event = 0x10019,
                        raw_event = 0x20000;
constexpr std::uint64_t firmware_type = 0xf0000, set_timer_event = 5, ipi_sent_event = 6,
                        ipi_received_event = 7;
constexpr std::uint64_t sfence_sent_event = 10, access_load_event = 2;
constexpr std::uint64_t forever = ~std::uint64_t{0};
constexpr std::uint64_t overflow_interrupt = 1u << 13;

struct Counters {
  std::uint64_t mask = 0, hardware = 0, firmware = 0;  // that exist, by bit
} counters;

Answer pmu(std::uint64_t function, std::uint64_t a0 = 0, std::uint64_t a1 = 0, std::uint64_t a2 = 0,
           std::uint64_t a3 = 0, std::uint64_t a4 = 0) {
  return sbi(extension::pmu, function, a0, a1, a2, a3, a4);
}

Answer configure(std::uint64_t event, std::uint64_t flags, std::uint64_t data = 0) {
  return pmu(config_matching, 0, counters.mask, flags, event, data);
}

template <unsigned number>
std::uint64_t read_counter() {
  std::uint64_t value;
  asm volatile("csrr %0, %1" : "=r"(value) : "i"(0xc00 + number) : "memory");
  return value;
}

// The counters that a supervisor sees without a loop over CSR numbers: those that our calls can be given.
std::uint64_t read_hardware(std::uint64_t counter) {
  switch (counter) {
    case 0: return read_counter<0>();
    case 2: return read_counter<2>();
    case 3: return read_counter<3>();
    case 4: return read_counter<4>();
    default: return 0;
  }
}

void spin(std::uint64_t times) {
  for (std::uint64_t i = 0; i < times; ++i) asm volatile("" ::: "memory");
}

bool has_scountovf() {
  const std::uint64_t before = traps_of(this_hart()).exceptions;
  asm volatile("csrr zero, 0xda0");
  return traps_of(this_hart()).exceptions == before;
}

void check_information() {
  const Answer number = pmu(num_counters);
  law(number.error == 0 && number.value > 3 && number.value <= 64, "PMU says how many counters there are");
  bool sound = true;
  for (std::uint64_t i = 0; i < number.value; ++i) {
    const Answer info = pmu(get_info, i);
    if (info.error != 0) {
      sound = sound && info.error == error::invalid_param;
      continue;
    }
    counters.mask |= 1ull << i;
    const bool of_firmware = info.value >> 63 != 0;
    (of_firmware ? counters.firmware : counters.hardware) |= 1ull << i;
    const std::uint64_t csr = info.value & 0xfff, width = (info.value >> 12 & 63) + 1;
    sound = sound && (of_firmware || (csr >= 0xc00 && csr < 0xc20 && csr != 0xc01 && width >= 32));
  }
  law(sound && (counters.hardware & 5) == 5 && counters.firmware != 0,
      "there are cycle, instret, and counters of firmware events, each with its CSR and width");
  law(pmu(get_info, number.value).error == error::invalid_param,
      "a counter beyond them is an invalid parameter");
  law(pmu(77).error == error::not_supported, "PMU knows no other function");
}

void check_refusals() {
  const std::uint64_t beyond = pmu(num_counters).value;
  law(pmu(start, beyond, 1).error == error::invalid_param &&
          pmu(stop, beyond, 1).error == error::invalid_param &&
          pmu(config_matching, beyond, 1, 0, cycles_event).error == error::invalid_param,
      "counters that do not exist are not configured, started, or stopped");
  law(pmu(start, 0, 0).error == error::invalid_param, "nor is an empty set");
  law(configure(0x50000, 0).error == error::not_supported && configure(0, 0).error == error::not_supported,
      "no counter counts an event that does not exist");
  law(configure(firmware_type | access_load_event, 0).error == error::not_supported,
      "nor one that never comes to the firmware");
  law(pmu(fw_read, 0).error == error::invalid_param, "a hardware counter is not read as firmware's");
}

// Counts with one event while `work` runs; the count, or `forever` if the machine cannot count it.
template <typename Work>
std::uint64_t counted(std::uint64_t event, std::uint64_t data, std::uint64_t flags, Work work) {
  const Answer counter = configure(event, clear_value | flags, data);
  if (counter.error != 0) return forever;
  pmu(start, counter.value, 1, set_init_value, 0);
  const std::uint64_t before = read_hardware(counter.value);
  work();
  const std::uint64_t after = read_hardware(counter.value);
  pmu(stop, counter.value, 1, reset);
  return after - before;
}

void check_hardware() {
  const Answer counter = configure(cycles_event, clear_value);
  law(counter.error == 0 && (counters.hardware >> counter.value & 1) != 0, "a counter can count cycles");
  const std::uint64_t index = counter.value;
  const Answer other = configure(cycles_event, clear_value);
  law(other.error != 0 || other.value != index, "a counter in use is not given away");
  if (other.error == 0) pmu(stop, other.value, 1, reset);
  constexpr std::uint64_t initial = 1ull << 40;
  law(pmu(start, index, 1, set_init_value, initial).error == 0, "it starts");
  const std::uint64_t first = read_hardware(index);
  spin(100);
  law(first >= initial && read_hardware(index) > first, "from the value that was asked for, and goes on");
  law(pmu(start, index, 1, 0).error == error::already_started, "it cannot be started twice");
  law(pmu(config_matching, index, 1, skip_match | clear_value, cycles_event).value == index,
      "SKIP_MATCH keeps the counter");
  law(read_hardware(index) < initial, "and CLEAR_VALUE clears it");
  law(pmu(stop, index, 1, 0).error == 0 && pmu(stop, index, 1, 0).error == error::already_stopped,
      "it stops once");
  const Answer again = configure(cycles_event, 0);
  law(again.error != 0 || again.value != index, "stopped, it keeps its event");
  if (again.error == 0) pmu(stop, again.value, 1, reset);
  pmu(stop, index, 1, reset);
  const Answer free = configure(cycles_event, 0);
  law(free.error == 0 && free.value == index, "RESET frees it");
  pmu(stop, free.value, 1, reset);
}

void check_events() {
  const std::uint64_t instructions = counted(instructions_event, 0, 0, [] { spin(1000); });
  law(instructions >= 1000, "retired instructions are counted");
  static std::uint64_t word;
  const std::uint64_t loads = counted(raw_event, 3, 0, [] {
    for (unsigned i = 0; i < 500; ++i) *const_cast<volatile std::uint64_t*>(&word);
  });
  law(loads == forever || (loads >= 500 && loads < 600), "a raw event counts what its selector says");
  alignas(4096) static char frame[4096];
  for (unsigned page = 0; page < 64; ++page) map_window(page, frame);
  paging_on();
  const std::uint64_t misses = counted(dtlb_load_miss_event, 0, 0, [] {
    for (unsigned page = 0; page < 64; ++page) *reinterpret_cast<volatile char*>(window + 4096ull * page);
  });
  paging_off();
  for (unsigned page = 0; page < 64; ++page) map_window(page, nullptr);
  law(misses == forever || misses >= 64, "the first loads of 64 pages miss the D-TLB 64 times");
}

void check_overflow() {
  if (!has_scountovf()) {
    print("ok: no Sscofpmf here: no filters, no overflow interrupts\n");
    return;
  }
  law(counted(instructions_event, 0, sinh, [] { spin(1000); }) == 0, "what S-mode does can be left out");
  Traps& mine = traps_of(this_hart());
  const Answer counter = configure(instructions_event, clear_value);
  enable_interrupts(overflow_interrupt);
  pmu(start, counter.value, 1, set_init_value, forever - 500);
  law(mine.overflow_interrupts == 0, "no overflow interrupt comes before the overflow");
  spin(2000);
  law(mine.overflow_interrupts == 1, "and one comes after it");
  disable_interrupts();
  law(pmu(stop, counter.value, 1, reset).error == 0, "the counter that has overflowed stops");
}

void check_firmware_events() {
  const Answer counter = configure(firmware_type | set_timer_event, clear_value | auto_start);
  const std::uint64_t index = counter.value;
  law(counter.error == 0 && (counters.firmware >> index & 1) != 0, "a counter can count set_timer");
  for (unsigned i = 0; i < 3; ++i) sbi(extension::time, 0, forever);
  sbi(0, 0, forever);
  law(pmu(fw_read, index).value == 4 && pmu(fw_read_hi, index).value == 0,
      "three of TIME and a legacy one are 4");
  law(pmu(stop, index, 1, 0).error == 0, "it stops");
  sbi(extension::time, 0, forever);
  law(pmu(fw_read, index).value == 4, "and then counts no more");
  law(pmu(start, index, 1, set_init_value, 100).error == 0, "it starts again, from where it is told");
  sbi(extension::time, 0, forever);
  law(pmu(fw_read, index).value == 101, "and goes on from there");
  pmu(stop, index, 1, reset);
}

void check_snapshot() {
  alignas(4096) static std::uint64_t shared[512];
  const auto address = reinterpret_cast<std::uint64_t>(shared);
  const Answer counter = configure(firmware_type | set_timer_event, clear_value | auto_start);
  law(pmu(stop, counter.value, 1, take_snapshot).error == error::no_shared_memory,
      "no snapshot without shared memory");
  law(pmu(set_shmem, address + 8, 0, 0).error == error::invalid_param &&
          pmu(set_shmem, 0x7000'0000'0000, 0, 0).error == error::invalid_address,
      "shared memory is a page, and memory");
  law(pmu(set_shmem, address, 0, 0).error == 0, "a page is taken");
  sbi(extension::time, 0, forever);
  law(pmu(stop, counter.value, 1, take_snapshot).error == 0 && shared[1] == 1 && shared[0] == 0,
      "stopping writes the counter's value there");
  shared[1] = 50;
  law(pmu(start, counter.value, 1, init_snapshot).error == 0, "and starting takes it from there");
  sbi(extension::time, 0, forever);
  law(pmu(fw_read, counter.value).value == 51, "and goes on");
  law(pmu(set_shmem, forever, forever, 0).error == 0 &&
          pmu(stop, counter.value, 1, take_snapshot | reset).error == error::no_shared_memory,
      "it can be given back");
  pmu(stop, counter.value, 1, reset);
}

std::uint64_t received_ipis;

// Until the counter has seen a message: one that came before it was started is not counted.
void count_received(std::uint64_t) {
  const Answer counter = configure(firmware_type | ipi_received_event, clear_value | auto_start);
  enable_interrupts(software_interrupt);
  std::uint64_t received = 0;
  while (received == 0) received = pmu(fw_read, counter.value).value;
  disable_interrupts();
  pmu(stop, counter.value, 1, reset);
  received_ipis = received;
}

}  // namespace

void check_performance_counters() {
  check_information();
  check_refusals();
  check_hardware();
  check_events();
  check_overflow();
  check_firmware_events();
  check_snapshot();
}

// After the workers have started.
void check_counted_messages() {
  const std::uint64_t self = this_hart();
  if (hart_count() < 2) return;
  const std::uint64_t other = self == 0 ? 1 : 0;
  const Answer ipis = configure(firmware_type | ipi_sent_event, clear_value | auto_start);
  const Answer fences = configure(firmware_type | sfence_sent_event, clear_value | auto_start);
  law(ipis.error == 0 && fences.error == 0 && ipis.value != fences.value,
      "two firmware events have two counters");
  sbi(extension::remote_fence, 1, 1ull << other | 1ull << self, 0, 0, forever);
  begin_work(other, count_received, 0);
  std::uint64_t sent = 0;
  do {
    nap();
    sbi(extension::ipi, 0, 1ull << other, 0);
    ++sent;
    for (unsigned i = 0; i < 100 && received_ipis == 0; ++i) nap();
  } while (received_ipis == 0);
  finish_work(other);
  law(pmu(fw_read, ipis.value).value == sent, "IPIs sent are counted");
  law(pmu(fw_read, fences.value).value == 1, "a fence on two harts is one sent to another");
  law(received_ipis >= 1 && received_ipis <= sent, "IPIs received are counted by who receives them");
  pmu(stop, 0, 1ull << ipis.value | 1ull << fences.value, reset);
}

}  // namespace payload
