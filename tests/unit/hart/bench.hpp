// A machine on the bench: bare-metal programs placed in RAM, run by either engine, looked at afterwards.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <vector>

#include "emu/hart/csr.hpp"
#include "emu/hart/csr_bits.hpp"
#include "emu/machine/machine.hpp"
#include "tests/unit/hart/assembler.hpp"

namespace hartbeat::test {

inline constexpr std::uint64_t ram = PlatformConfig::ram_base.value;

enum class Engine : std::uint8_t { fast, observed };
inline constexpr Engine both_engines[] = {Engine::fast, Engine::observed};

// A machine with a small memory and nothing on its serial line.
MachineConfig small_machine(const std::string& name, unsigned harts,
                            std::initializer_list<std::string> overrides = {});
// The default one.
MachineConfig bench_config(unsigned harts = 1, std::initializer_list<std::string> overrides = {});

// Wants every retired instruction, so that the observed engine runs.
class Watcher : public Listener {
 public:
  Wants wants() const override { return {.retired = true}; }
  using Listener::on;
  void on(const RetireEvent&) override { ++retired; }
  std::uint64_t retired = 0;
};

class Bench {
 public:
  explicit Bench(Engine engine = Engine::fast, MachineConfig config = bench_config());

  Machine& machine() { return *machine_; }
  Hart& hart(unsigned id = 0) { return machine_->hart(HartId{id}); }
  std::uint64_t x(Reg reg, unsigned id = 0) { return hart(id).x[reg]; }
  std::uint64_t csr(Csr csr, unsigned id = 0);
  const HartCounters& counters(unsigned id = 0) { return machine_->counters(HartId{id}); }
  const mmu::UnitCounters& mmu_counters(unsigned id = 0) {
    counters(id);
    return machine_->translation(HartId{id}).counters();
  }

  // Physical memory.
  void place(Assembler& code) { place(code.base(), code); }
  void place(std::uint64_t physical, Assembler& code);
  void poke(std::uint64_t physical, std::uint64_t value, unsigned size = 8);
  std::uint64_t peek(std::uint64_t physical, unsigned size = 8);

  // Runs to power-off; a program that does not get there within `max_cycles` fails the test.
  void run(std::uint64_t max_cycles = 1'000'000);
  RunResult run_for(std::uint64_t max_cycles) {
    RunLimits limits;
    limits.max_cycles = max_cycles;
    return machine_->run(limits);
  }

 private:
  Watcher watcher_;
  std::unique_ptr<Machine> machine_;
};

// Page tables in guest RAM, built by the test.
class PageTables {
 public:
  // Tables take pages from `pool` upwards.
  PageTables(Bench& bench, std::uint64_t pool) : bench_(bench), next_(pool) { root_ = take(); }

  std::uint64_t satp(std::uint16_t asid = 0) const {
    return std::uint64_t{8} << 60 | std::uint64_t{asid} << 44 | root_ >> 12;
  }
  // Maps a page (level 0: 4 KiB, 1: 2 MiB, 2: 1 GiB); returns the physical address of its PTE.
  std::uint64_t map(std::uint64_t va, std::uint64_t pa, std::uint64_t flags, unsigned level = 0);
  // Physical address of the PTE that maps the page at `va`; the tables above it are made.
  std::uint64_t place_of(std::uint64_t va, unsigned level = 0);

 private:
  std::uint64_t take() {
    const std::uint64_t page = next_;
    next_ += page_size;
    return page;
  }
  Bench& bench_;
  std::uint64_t next_;
  std::uint64_t root_;
};

// PTE flags.
inline constexpr std::uint64_t V = 1, R = 2, W = 4, X = 8, U = 16, G = 32, A = 64, D = 128;
inline constexpr std::uint64_t rwx = V | R | W | X | A | D;
constexpr std::uint64_t pte_of(std::uint64_t pa, std::uint64_t flags) { return pa >> 12 << 10 | flags; }

// The usual frame of a test: `body` is emitted at the reset address, in M-mode with every physical address
// open to S- and U-mode; a trap handler records every trap and stops the run. Trap record, read back by the
// accessors of TrapRecord, lives in mscratch-free RAM at `ram + 0x8000`.
struct TrapRecord {
  static constexpr std::uint64_t place = ram + 0x8000;
  std::uint64_t count, cause, epc, tval, status;
};
constexpr Csr pmpaddr(unsigned entry) {
  return static_cast<Csr>(static_cast<unsigned>(Csr::pmpaddr0) + entry);
}
void open_pmp(Assembler& as);
// A handler at M that records and powers off with status 7. Binds `handler`.
void recording_handler(Assembler& as, Label handler);
TrapRecord trap_record(Bench& bench);

// Runs `body(assembler)` in M-mode behind a prologue that opens PMP and sets the recording handler. The run
// ends with the body or at the first trap into M-mode, which is returned. Registers stay as the body left
// them, but for t5 and t6.
template <class Body>
TrapRecord trapped_by(Bench& bench, Body body) {
  Assembler as(ram);
  const Label handler = as.label();
  as.la(t6, handler);
  as.csrw(Csr::mtvec, t6);
  open_pmp(as);
  body(as);
  as.finish(0);
  recording_handler(as, handler);
  bench.place(as);
  bench.run();
  return trap_record(bench);
}

}  // namespace hartbeat::test
