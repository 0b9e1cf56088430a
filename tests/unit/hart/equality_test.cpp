// Both engines, runs in one piece or in many, watched or not: nothing that a guest or a user sees may differ.
#include <catch2/catch.hpp>
#include <sstream>

#include "emu/hart/engine.hpp"
#include "emu/hart/memory.hpp"
#include "tests/unit/hart/random_program.hpp"

using namespace hartbeat;
using namespace hartbeat::test;

namespace {

constexpr std::uint64_t run_length = 12'000;  // cycles

// Everything that can be seen of a hart, as text, so that a failure shows where it differs.
std::string story_of(Bench& bench, unsigned id) {
  std::ostringstream out;
  out << std::hex;
  Hart& hart = bench.hart(id);
  const HartCounters& c = bench.counters(id);
  out << "clock " << std::dec << hart.clock << " pc " << std::hex << hart.pc << " privilege "
      << static_cast<unsigned>(hart.privilege) << " sleeping " << hart.sleeping << "\n";
  for (unsigned i = 1; i < 32; ++i) out << "x" << std::dec << i << "=" << std::hex << hart.x[i] << " ";
  for (unsigned i = 0; i < 32; ++i) out << "f" << std::dec << i << "=" << std::hex << hart.f[i] << " ";
  out << "\nreservation " << hart.reservation_valid << " " << (hart.reservation_valid ? hart.reservation : 0)
      << "\n";
  for (const Csr csr : {Csr::mstatus, Csr::mepc, Csr::mcause, Csr::mtval, Csr::mip, Csr::mie, Csr::mideleg,
                        Csr::medeleg, Csr::sepc, Csr::scause, Csr::stval, Csr::satp, Csr::fcsr, Csr::mcycle,
                        Csr::minstret, Csr::sscratch, Csr::mcountinhibit}) {
    out << isa::csr_name(static_cast<std::uint16_t>(csr)) << "=" << bench.csr(csr, id) << " ";
  }
  out << std::dec << "\ninstret " << c.instret << " cycles " << c.cycles << " wfi " << c.wfi_cycles
      << " loads " << c.loads << " stores " << c.stores << " device " << c.device_accesses << " misaligned "
      << c.misaligned << " sfence " << c.sfence_vma << " fence.i " << c.fence_i << " sc_failed "
      << c.sc_failed << "\n";
  for (unsigned i : {0u, 1u, 3u}) out << c.instret_by_privilege[i] << "/" << c.cycles_by_privilege[i] << " ";
  for (const auto n : c.exceptions) out << n << " ";
  out << "| ";
  for (const auto n : c.interrupts) out << n << " ";
  const mmu::UnitCounters& u = bench.mmu_counters(id);
  for (const mmu::TlbCounters* t : {&u.itlb, &u.dtlb, &u.l2}) {
    out << "\nhits " << t->hits << " misses " << t->misses << " evictions " << t->evictions << " fences "
        << t->fences << " removed " << t->fence_removed;
  }
  out << "\nwalks " << u.walks << " reads " << u.walk_reads << " faults " << u.walk_faults << " rewalks "
      << u.rewalks << " ad " << u.ad_writes << "\n";
  return out.str();
}

void require_same(Bench& a, Bench& b) {
  REQUIRE(a.machine().hart_count() == b.machine().hart_count());
  for (unsigned id = 0; id < a.machine().hart_count(); ++id) {
    CAPTURE(id);
    REQUIRE(story_of(a, id) == story_of(b, id));
  }
  const auto bytes = [](Bench& bench) {
    const Ram& memory = bench.machine().platform().ram();
    return memory.bytes(memory.base(), memory.size());
  };
  const auto left = bytes(a), right = bytes(b);
  const auto difference = std::mismatch(left.begin(), left.end(), right.begin());
  const auto at = difference.first - left.begin();
  CAPTURE(at);
  REQUIRE(difference.first == left.end());
}

// DESIGN D5: the host-pointer cache and the jump table never know more than the TLB, PMP and RAM allow.
void require_subset(Bench& bench, unsigned id) {
  Hart& hart = bench.hart(id);
  if (hart.csr.satp >> 60 == 0) return;
  const auto asid = hart.data_context.asid;
  Ram& memory = bench.machine().platform().ram();
  for (unsigned table = 0; table < 3; ++table) {
    mmu::Context context = hart.data_context;
    context.privilege = table == 0 ? mmu::Privilege::user : mmu::Privilege::supervisor;
    context.sum = table == 2;
    context.mxr = false;
    const auto check = [&](const FastEntry& entry, mmu::Access access) {
      if (entry.tag == ~std::uint64_t{0}) return;
      const mmu::TlbEntry* held = hart.translation.dtlb().peek(VirtAddr{entry.page()}, asid);
      REQUIRE(held != nullptr);
      const PhysAddr frame = held->translate(VirtAddr{entry.page()});
      REQUIRE(reinterpret_cast<std::uint64_t>(memory.host(frame)) == entry.page() + entry.addend);
      REQUIRE(mmu::allowed(held->permissions, context, access));
      REQUIRE(hart.pmp.allows(frame, page_size, access, context.privilege));
      if (access == mmu::Access::store) REQUIRE_FALSE(bench.machine().system().stores_need_notice(frame));
    };
    for (const FastEntry& entry : (*hart.fast_tables)[table].read) check(entry, mmu::Access::load);
    for (const FastEntry& entry : (*hart.fast_tables)[table].write) check(entry, mmu::Access::store);
  }
  for (unsigned table = 0; table < 2; ++table) {
    for (const JumpEntry& entry : (*hart.jump_tables)[table].slots) {
      if (entry.block == nullptr) continue;
      const mmu::TlbEntry* held = hart.translation.itlb().peek(VirtAddr{entry.pc}, asid);
      REQUIRE(held != nullptr);
      REQUIRE(held->translate(VirtAddr{entry.pc}).value == entry.block->physical);
    }
  }
}

class Ears : public Listener {
 public:
  Wants wants() const override {
    return {
        .traps = true, .walks = true, .fences = true, .ipis = true, .tracepoints = true, .retired = false};
  }
  using Listener::on;
  void on(const TrapEvent&) override { ++heard; }
  void on(const WalkEvent&) override { ++heard; }
  std::uint64_t heard = 0;
};

RandomProgram generated() {
  RandomProgram program;
  program.harts = GENERATE(1u, 2u, 4u, 8u);
  program.seed = GENERATE(range(0, 24)) * std::uint64_t{100} + program.harts;
  return program;
}

}  // namespace

TEST_CASE("random programs give the same clocks, registers, memory and counters in both engines") {
  const RandomProgram program = generated();
  CAPTURE(program.seed, program.harts);
  Bench fast(Engine::fast, program.config()), observed(Engine::observed, program.config());
  program.load(fast);
  program.load(observed);
  const RunResult a = fast.run_for(run_length), b = observed.run_for(run_length);
  REQUIRE(a.stop == b.stop);
  require_same(fast, observed);
  for (unsigned id = 0; id < program.harts; ++id) {
    const HartCounters& c = fast.counters(id);
    const auto& by = c.cycles_by_privilege;
    CHECK(by[0] + by[1] + by[3] == c.cycles);
    const auto& retired = c.instret_by_privilege;
    CHECK(retired[0] + retired[1] + retired[3] == c.instret);
    require_subset(fast, id);
    require_subset(observed, id);
  }
}

TEST_CASE("a run cut into pieces is the run in one piece") {
  const RandomProgram program = generated();
  CAPTURE(program.seed, program.harts);
  Bench whole(Engine::fast, program.config()), cut(Engine::fast, program.config());
  program.load(whole);
  program.load(cut);
  const RunResult end = whole.run_for(run_length);
  std::mt19937_64 random(program.seed);
  for (;;) {
    RunLimits limits;
    limits.max_cycles = std::min(run_length, cut.hart().clock + 1 + random() % 400);
    for (unsigned id = 0; id < program.harts; ++id) {
      if (!cut.hart(id).sleeping)
        limits.max_cycles = std::min(run_length, cut.hart(id).clock + 1 + random() % 400);
    }
    if (random() % 2 == 0) limits.max_instret = cut.counters(0).instret + 1 + random() % 200;
    if (random() % 8 == 0) limits.max_cycles = run_length;
    const RunResult piece = cut.machine().run(limits);
    for (unsigned id = 0; id < program.harts; ++id) require_subset(cut, id);
    bool over = piece.stop != Stop::limit;
    over |= piece.stop == Stop::limit && limits.max_cycles == run_length &&
            limits.max_instret == ~std::uint64_t{0};
    if (!over) continue;
    REQUIRE(piece.stop == end.stop);
    break;
  }
  require_same(whole, cut);
}

TEST_CASE("listeners change nothing") {
  const RandomProgram program = generated();
  CAPTURE(program.seed, program.harts);
  Bench bare(Engine::fast, program.config()), heard(Engine::fast, program.config());
  Ears ears;
  heard.machine().attach(ears);
  program.load(bare);
  program.load(heard);
  REQUIRE(bare.run_for(run_length).stop == heard.run_for(run_length).stop);
  require_same(bare, heard);
  CHECK(ears.heard > 50);
}
