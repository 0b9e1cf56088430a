#include "tests/unit/hart/bench.hpp"

#include <catch2/catch.hpp>

namespace hartbeat::test {

Bench::Bench(Engine engine, MachineConfig config) : machine_(std::make_unique<Machine>(config)) {
  if (engine == Engine::observed) machine_->attach(watcher_);
}

std::uint64_t Bench::csr(Csr csr, unsigned id) {
  std::uint64_t value = 0;
  REQUIRE(csr_peek(hart(id), hart(id).clock, static_cast<std::uint16_t>(csr), value));
  return value;
}

void Bench::place(std::uint64_t physical, Assembler& code) {
  const std::vector<std::uint8_t>& bytes = code.bytes();
  std::memcpy(machine_->platform().ram().host(PhysAddr{physical}), bytes.data(), bytes.size());
}

void Bench::poke(std::uint64_t physical, std::uint64_t value, unsigned size) {
  std::memcpy(machine_->platform().ram().host(PhysAddr{physical}), &value, size);
}

std::uint64_t Bench::peek(std::uint64_t physical, unsigned size) {
  std::uint64_t value = 0;
  std::memcpy(&value, machine_->platform().ram().host(PhysAddr{physical}), size);
  return value;
}

void Bench::run(std::uint64_t max_cycles) {
  const RunResult result = run_for(max_cycles);
  INFO("pc " << std::hex << hart().pc << " mcause " << hart().csr.mcause << " mepc " << hart().csr.mepc
             << " mtval " << hart().csr.mtval << " diagnosis " << result.diagnosis);
  REQUIRE(result.stop == Stop::power_off);
}

std::uint64_t PageTables::place_of(std::uint64_t va, unsigned level) {
  std::uint64_t table = root_;
  for (unsigned at = 2; at > level; --at) {
    const std::uint64_t place = table + ((va >> (12 + 9 * at)) & 0x1ff) * 8;
    if ((bench_.peek(place) & V) == 0) bench_.poke(place, pte_of(take(), V));
    table = bench_.peek(place) >> 10 << 12;
  }
  return table + ((va >> (12 + 9 * level)) & 0x1ff) * 8;
}

std::uint64_t PageTables::map(std::uint64_t va, std::uint64_t pa, std::uint64_t flags, unsigned level) {
  const std::uint64_t place = place_of(va, level);
  bench_.poke(place, pte_of(pa, flags));
  return place;
}

void open_pmp(Assembler& as) {
  as.set_csr(Csr::pmpaddr0, ~std::uint64_t{0});
  as.set_csr(Csr::pmpcfg0, 0x1f);
}

void recording_handler(Assembler& as, Label handler) {
  as.align(4);
  as.bind(handler);
  as.li(t6, TrapRecord::place);
  as.ld(t5, t6);
  as.addi(t5, t5, 1);
  as.sd(t5, t6);
  const Csr fields[] = {Csr::mcause, Csr::mepc, Csr::mtval, Csr::mstatus};
  for (unsigned i = 0; i < 4; ++i) {
    as.csrr(t5, fields[i]);
    as.sd(t5, t6, 8 * (i + 1));
  }
  as.finish(7);
}

TrapRecord trap_record(Bench& bench) {
  const std::uint64_t at = TrapRecord::place;
  return {bench.peek(at), bench.peek(at + 8), bench.peek(at + 16), bench.peek(at + 24), bench.peek(at + 32)};
}

}  // namespace hartbeat::test
