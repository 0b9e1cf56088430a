#include "guestos/firmware/pmu_csrs.hpp"

#include <array>
#include <utility>

#include "guestos/firmware/guarded_access.hpp"
#include "guestos/firmware/pmu_events.hpp"

namespace hartbeat::firmware {
namespace {

template <unsigned counter>
struct Registers {
  static constexpr Csr value = static_cast<Csr>(0xb00 + counter);
  static constexpr Csr event = static_cast<Csr>(0x320 + counter);

  static std::uint64_t read() { return read_csr<value>(); }
  static void write(std::uint64_t number) { write_csr<value>(number); }
  static std::uint64_t read_event() { return read_csr<event>(); }
  static void write_event(std::uint64_t number) { write_csr<event>(number); }
  static std::uint64_t probe_bits() {
    if (!try_write_csr<value>(~std::uint64_t{0})) return 0;
    const std::uint64_t bits = read();
    write(0);
    return bits;
  }
  // mcycle and minstret go on meanwhile, and software relies on them: they are 64 bits wide by the specification.
  static std::uint64_t probe_fixed() { return try_read_csr<value>() ? ~std::uint64_t{0} : 0; }
  static constexpr CounterCsrs all() {
    if (counter < first_programmable_counter) return {read, write, nullptr, nullptr, probe_fixed};
    return {read, write, read_event, write_event, probe_bits};
  }
};

template <unsigned... counter>
constexpr auto registers_of(std::integer_sequence<unsigned, counter...>) {
  return std::array{Registers<counter>::all()...};
}

constexpr auto registers = registers_of(std::make_integer_sequence<unsigned, 32>());

}  // namespace

const CounterCsrs& counter_csrs(unsigned counter) { return registers[counter]; }

}  // namespace hartbeat::firmware
