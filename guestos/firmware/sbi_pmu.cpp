// PMU (SBI 2.0, chapter 11). A counter's index is the hardware counter's number, 0 to 31 (1 would be `time`, which is
// none), then come those of firmware events. They belong to the calling hart.
#include <algorithm>

#include "guestos/firmware/guarded_access.hpp"
#include "guestos/firmware/pmu_csrs.hpp"
#include "guestos/firmware/sbi.hpp"

namespace hartbeat::firmware {
namespace {

enum Function : std::uint64_t {
  num_counters = 0,
  counter_get_info = 1,
  counter_config_matching = 2,
  counter_start = 3,
  counter_stop = 4,
  counter_fw_read = 5,
  counter_fw_read_hi = 6,
  snapshot_set_shmem = 7,
};

namespace config_flag {
constexpr std::uint64_t skip_match = 1, clear_value = 2, auto_start = 4, uinh = 1 << 5, sinh = 1 << 6;
}
constexpr std::uint64_t start_set_init_value = 1, start_init_snapshot = 2;
constexpr std::uint64_t stop_reset = 1, stop_take_snapshot = 2;

// mhpmevent (Sscofpmf).
constexpr std::uint64_t OF = 1ull << 63, MINH = 1ull << 62, SINH = 1ull << 61, UINH = 1ull << 60;
constexpr std::uint64_t selector_bits = (1ull << 56) - 1;

// The shared memory's layout (11.8).
constexpr std::uint64_t snapshot_bytes = 4096, snapshot_values = 8;
constexpr std::uint64_t nowhere = ~std::uint64_t{0};

bool is_hardware(unsigned counter) { return counter < hardware_counters; }
bool programmable(unsigned counter) {
  return first_programmable_counter <= counter && counter < hardware_counters;
}

class Pmu {
 public:
  explicit Pmu(const SbiCall& call)
      : events_(call.firmware.pmu_events), hart_(call.firmware.pmu[call.hart_id]) {
    if (!hart_.probed) probe();
  }

  SbiResult get_info(std::uint64_t counter) const {
    if (!exists(counter)) return SbiError::invalid_param;
    constexpr std::uint64_t firmware_type = 1ull << 63, first_csr = 0xc00;
    if (!is_hardware(static_cast<unsigned>(counter))) return SbiResult::of(firmware_type);
    const std::uint64_t width_less_one = hart_.width[counter] - std::uint64_t{1};
    return SbiResult::of((first_csr + counter) | width_less_one << 12);
  }

  SbiResult config_matching(std::uint64_t set, std::uint64_t flags, const PmuEvent& event) {
    unsigned counter = 0;
    if ((flags & config_flag::skip_match) != 0) {
      counter = lowest_hart(set);
      constexpr std::uint64_t fixed = 1u << cycle_counter | 1u << instret_counter;
      if (((hart_.configured | fixed) >> counter & 1) == 0) return SbiError::invalid_param;
    } else {
      const std::uint64_t candidates = set & able(event) & ~hart_.configured;
      if (candidates == 0) return SbiError::not_supported;
      counter = best(candidates);
      set_event(counter, event, flags);
    }
    hart_.configured |= bit(counter);
    if ((flags & config_flag::clear_value) != 0) write(counter, 0);
    if ((flags & config_flag::auto_start) != 0) run(counter);
    return SbiResult::of(counter);
  }

  SbiResult start(std::uint64_t base, std::uint64_t set, std::uint64_t flags, std::uint64_t value) {
    const bool from_snapshot = (flags & start_init_snapshot) != 0;
    if (from_snapshot && !hart_.has_snapshot) return SbiError::no_shared_memory;
    SbiResult result = SbiError::success;
    for (; set != 0; set &= set - 1) {
      const unsigned counter = lowest_hart(set);
      if ((hart_.started & bit(counter)) != 0) {
        result = SbiError::already_started;
        continue;
      }
      if (from_snapshot) value = load_snapshot(snapshot_values + 8 * (counter - base));
      if (from_snapshot || (flags & start_set_init_value) != 0) write(counter, value);
      run(counter);
    }
    return result;
  }

  SbiResult stop(std::uint64_t base, std::uint64_t set, std::uint64_t flags) {
    const bool to_snapshot = (flags & stop_take_snapshot) != 0;
    if (to_snapshot && !hart_.has_snapshot) return SbiError::no_shared_memory;
    SbiResult result = SbiError::success;
    std::uint64_t overflows = 0;
    for (; set != 0; set &= set - 1) {
      const unsigned counter = lowest_hart(set);
      if ((hart_.started & bit(counter)) == 0) result = SbiError::already_stopped;
      halt(counter);
      if (to_snapshot) {
        store_snapshot(snapshot_values + 8 * (counter - base), read(counter));
        overflows |= std::uint64_t{overflowed(counter)} << (counter - base);
      }
      if ((flags & stop_reset) != 0) forget(counter);
    }
    if (to_snapshot) store_snapshot(0, overflows);
    return result;
  }

  SbiResult firmware_read(std::uint64_t counter, bool high_half) const {
    if (!exists(counter) || is_hardware(static_cast<unsigned>(counter))) return SbiError::invalid_param;
    return SbiResult::of(high_half ? 0 : read(static_cast<unsigned>(counter)));
  }

  SbiResult set_snapshot(std::uint64_t address, std::uint64_t high_half, std::uint64_t flags) {
    if (address == nowhere && high_half == nowhere) {
      hart_.has_snapshot = false;
      return SbiError::success;
    }
    if (flags != 0 || address % snapshot_bytes != 0) return SbiError::invalid_param;
    if (high_half != 0) return SbiError::invalid_address;
    for (std::uint64_t i = 0; i < snapshot_bytes; ++i) {
      if (guarded_store_byte(address + i, 0, View::machine).cause != no_fault)
        return SbiError::invalid_address;
    }
    hart_.snapshot = address;
    hart_.has_snapshot = true;
    return SbiError::success;
  }

  // The counters of a mask and the index of its bit 0. False: one of them does not exist, or there is none.
  bool select(std::uint64_t base, std::uint64_t mask, std::uint64_t& set) const {
    if (base >= pmu_counters || mask == 0 || (mask << base) >> base != mask) return false;
    set = mask << base;
    for (std::uint64_t rest = set; rest != 0; rest &= rest - 1) {
      if (!exists(lowest_hart(rest))) return false;
    }
    return true;
  }

 private:
  static std::uint64_t bit(unsigned counter) { return std::uint64_t{1} << counter; }

  bool exists(std::uint64_t counter) const {
    if (counter >= hardware_counters) return counter < pmu_counters;
    return (hart_.implemented >> counter & 1) != 0;
  }

  void probe() {
    hart_.probed = true;
    hart_.has_inhibit = try_read_csr<Csr::mcountinhibit>().has_value();
    hart_.has_filters = try_read_csr<Csr::scountovf>().has_value();
    for (unsigned counter = 0; counter < hardware_counters; ++counter) {
      if (counter == time_counter) continue;
      const std::uint64_t bits = counter_csrs(counter).probe_bits();
      if (bits == 0) continue;
      hart_.implemented |= 1u << counter;
      for (std::uint64_t rest = bits; rest != 0; rest >>= 1) ++hart_.width[counter];
    }
  }

  std::uint64_t able(const PmuEvent& event) const {
    constexpr std::uint64_t any_firmware_counter = ((1ull << firmware_counters) - 1) << hardware_counters;
    if (event.type() != PmuEventType::firmware) return events_.counters_of(event) & hart_.implemented;
    return counts_here(event.code()) ? any_firmware_counter : 0;
  }

  static bool counts_here(std::uint32_t code) {
    constexpr std::uint32_t access_faults = 1u << 2 | 1u << 3;
    if (code >= firmware_events || (access_faults >> code & 1) != 0) return false;
    const bool delegated = (read_csr<Csr::medeleg>() >> cause::illegal_instruction & 1) != 0;
    return code != static_cast<std::uint32_t>(FirmwareEvent::illegal_instruction) || !delegated;
  }

  // mcycle and minstret can neither overflow with an interrupt nor count one privilege only: with Sscofpmf they come
  // last, without it first.
  unsigned best(std::uint64_t candidates) const {
    const std::uint64_t programmable = candidates & ~std::uint64_t{7};
    return lowest_hart(hart_.has_filters && programmable != 0 ? programmable : candidates);
  }

  // OF is set until the counter starts, so that no interrupt comes before. What the firmware does itself is nothing
  // that the supervisor asked for.
  void set_event(unsigned counter, const PmuEvent& event, std::uint64_t flags) {
    if (!is_hardware(counter)) {
      firmware_counter(counter) = {event.code(), 0, 0};
      return;
    }
    std::uint64_t value = events_.selector_of(event) & selector_bits;
    if (hart_.has_filters) value |= OF | MINH;
    if (hart_.has_filters && (flags & config_flag::sinh) != 0) value |= SINH;
    if (hart_.has_filters && (flags & config_flag::uinh) != 0) value |= UINH;
    inhibit(counter, true);
    if (programmable(counter)) counter_csrs(counter).write_event(value);
  }

  void run(unsigned counter) {
    if (!is_hardware(counter)) {
      firmware_counter(counter).base = happened(counter);
    } else {
      const CounterCsrs& csrs = counter_csrs(counter);
      if (hart_.has_filters && programmable(counter)) csrs.write_event(csrs.read_event() & ~OF);
      inhibit(counter, false);
    }
    hart_.started |= bit(counter);
  }

  void halt(unsigned counter) {
    if ((hart_.started & bit(counter)) == 0) return;
    if (is_hardware(counter)) {
      inhibit(counter, true);
    } else {
      firmware_counter(counter).value = read(counter);
    }
    hart_.started &= ~bit(counter);
  }

  void forget(unsigned counter) {
    hart_.configured &= ~bit(counter);
    if (!is_hardware(counter)) return;
    if (programmable(counter)) {
      counter_csrs(counter).write_event(0);
    } else {
      inhibit(counter, false);  // rdcycle and rdinstret are everybody's
    }
  }

  void inhibit(unsigned counter, bool on) {
    if (!hart_.has_inhibit) return;
    if (on) {
      set_csr_bits<Csr::mcountinhibit>(bit(counter));
    } else {
      clear_csr_bits<Csr::mcountinhibit>(bit(counter));
    }
  }

  bool overflowed(unsigned counter) const {
    if (!is_hardware(counter) || !hart_.has_filters) return false;
    return (read_csr<Csr::scountovf>() >> counter & 1) != 0;
  }

  FirmwareCounter& firmware_counter(unsigned counter) { return hart_.firmware[counter - hardware_counters]; }
  const FirmwareCounter& firmware_counter(unsigned counter) const {
    return hart_.firmware[counter - hardware_counters];
  }
  std::uint64_t happened(unsigned counter) const { return hart_.happened[firmware_counter(counter).code]; }

  std::uint64_t read(unsigned counter) const {
    if (is_hardware(counter)) return counter_csrs(counter).read();
    const FirmwareCounter& mine = firmware_counter(counter);
    const bool counting = (hart_.started & bit(counter)) != 0;
    return mine.value + (counting ? happened(counter) - mine.base : 0);
  }

  void write(unsigned counter, std::uint64_t value) {
    if (is_hardware(counter)) {
      counter_csrs(counter).write(value);
    } else {
      firmware_counter(counter).value = value;
      firmware_counter(counter).base = happened(counter);
    }
  }

  // The memory answered when it was set; should it have gone since, its words read as 0.
  std::uint64_t load_snapshot(std::uint64_t offset) const {
    const GuardedLoad loaded = guarded_load_double(hart_.snapshot + offset, View::machine);
    return loaded.ok() ? loaded.value : 0;
  }

  void store_snapshot(std::uint64_t offset, std::uint64_t value) const {
    for (unsigned i = 0; i < 8; ++i) {
      guarded_store_byte(hart_.snapshot + offset + i, static_cast<std::uint8_t>(value >> 8 * i),
                         View::machine);
    }
  }

  const PmuEvents& events_;
  PmuHart& hart_;
};

}  // namespace

SbiResult sbi_pmu(const SbiCall& call) {
  Pmu pmu(call);
  std::uint64_t set = 0;
  switch (call.function()) {
    case num_counters: return SbiResult::of(pmu_counters);
    case counter_get_info: return pmu.get_info(call.argument(0));
    case counter_fw_read: return pmu.firmware_read(call.argument(0), false);
    case counter_fw_read_hi: return pmu.firmware_read(call.argument(0), true);
    case snapshot_set_shmem: return pmu.set_snapshot(call.argument(0), call.argument(1), call.argument(2));
    case counter_config_matching:
    case counter_start:
    case counter_stop: break;
    default: return SbiError::not_supported;
  }
  const std::uint64_t base = call.argument(0);
  if (!pmu.select(base, call.argument(1), set)) return SbiError::invalid_param;
  if (call.function() == counter_start) return pmu.start(base, set, call.argument(2), call.argument(3));
  if (call.function() == counter_stop) return pmu.stop(base, set, call.argument(2));
  const std::uint64_t index = call.argument(3);
  if (index >> 20 != 0) return SbiError::invalid_param;
  return pmu.config_matching(set, call.argument(2), {static_cast<std::uint32_t>(index), call.argument(4)});
}

}  // namespace hartbeat::firmware
