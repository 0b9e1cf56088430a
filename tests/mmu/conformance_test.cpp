// Every combination of PTE bits, level, mode, privilege state and access, against the oracle.
#include <catch2/catch.hpp>
#include <string>

#include "oracle.hpp"
#include "page_tables.hpp"

using namespace tables;
using namespace hartbeat::mmu;

namespace {

struct Tally {
  std::uint64_t cases = 0;
  std::uint64_t translated = 0;
  std::uint64_t page_faults = 0;
  std::uint64_t access_faults = 0;
  std::uint64_t wrong = 0;
  std::string first_wrong;

  void fail(const std::string& what) {
    if (wrong++ == 0) first_wrong = what;
  }
};

std::string describe(const Context& c, unsigned level, std::uint64_t pte, Access access) {
  return "satp.MODE=" + std::to_string(static_cast<int>(c.mode)) + " level=" + std::to_string(level) +
         " pte=" + std::to_string(pte) + " privilege=" + std::to_string(static_cast<int>(c.privilege)) +
         " sum=" + std::to_string(c.sum) + " mxr=" + std::to_string(c.mxr) +
         " ad=" + std::to_string(c.hardware_ad) + " pbmte=" + std::to_string(c.pbmt_enabled) +
         " access=" + letter(access);
}

Fault fault_of(oracle::Outcome outcome) {
  return outcome == oracle::Outcome::translated   ? Fault::none
         : outcome == oracle::Outcome::page_fault ? Fault::page
                                                  : Fault::access;
}

// One case through the unit: first from an empty TLB, then again, when a translation must hit and say the
// same.
void run(Tally& tally, Ram& ram, TranslationUnit& unit, const Context& c, std::uint64_t va,
         std::uint64_t slot, unsigned level, Access access) {
  const std::uint64_t pte = ram.at(slot);
  const Features& has = unit.config().features;
  const auto memory = [&](std::uint64_t address) { return ram.find(address); };
  const oracle::Verdict expected = oracle::translate(memory, c, has, va, letter(access));
  unit.fence(std::nullopt, std::nullopt, [](TlbKind, const TlbEntry&) {});
  const std::uint64_t walks = unit.counters().walks;
  const unsigned updates = ram.updates;
  const Translation first = unit.translate(ram, c, VirtAddr{va}, access);
  const bool walked = unit.counters().walks != walks;
  const Walk& story = unit.last_walk();

  ++tally.cases;
  bool ok = first.fault == fault_of(expected.outcome);
  ok &= first.fault != Fault::none || first.address.value == expected.physical;
  ok &= walked == translates(c);
  if (walked) {
    ok &= story.read_count == expected.reads && story.fault == first.fault;
    ok &= mmu::fault_of(story.check) == story.fault;
  }
  const bool changed = ram.updates != updates;
  ok &= changed == expected.new_pte.has_value();
  if (expected.new_pte && ram.at(slot) != *expected.new_pte && level_of_shift(story.page_shift) == level)
    ok = false;
  if (first.fault == Fault::none && translates(c)) {
    const Translation second = unit.translate(ram, c, VirtAddr{va}, access);
    ok &= second.tlb_hit && second.address == first.address && second.entry == first.entry;
  }
  if (!ok) tally.fail(describe(c, level, pte, access));
  ram.at(slot) = pte;
  switch (expected.outcome) {
    case oracle::Outcome::translated: ++tally.translated; break;
    case oracle::Outcome::page_fault: ++tally.page_faults; break;
    case oracle::Outcome::access_fault: ++tally.access_faults; break;
  }
}

template <class F>
void for_each_state(Mode mode, std::uint64_t root, F&& visit) {
  for (const Privilege privilege : {Privilege::user, Privilege::supervisor, Privilege::machine}) {
    for (unsigned bits = 0; bits < 8; ++bits) {
      visit(Context{.mode = mode,
                    .asid = 5,
                    .root_ppn = root,
                    .privilege = privilege,
                    .sum = (bits & 1) != 0,
                    .mxr = (bits & 2) != 0,
                    .hardware_ad = (bits & 4) != 0});
    }
  }
}

// Bits 63:54 of a PTE: none, each reserved bit, N, memory types.
std::vector<std::uint64_t> upper_fields() {
  std::vector<std::uint64_t> fields{0, pte::N};
  for (unsigned bit = 54; bit <= 60; ++bit) fields.push_back(std::uint64_t{1} << bit);
  for (std::uint64_t type = 1; type <= 3; ++type) fields.push_back(type << 61);
  fields.push_back(pte::N | std::uint64_t{1} << 61);
  return fields;
}

// The page numbers a PTE under test holds: the table below (a good pointer, a misaligned superpage), an
// aligned frame without memory (a good superpage, a pointer to nowhere), and that frame encoded as NAPOT.
std::vector<std::uint64_t> targets(std::uint64_t table_below) {
  constexpr std::uint64_t aligned = std::uint64_t{1} << 36;
  return {table_below, aligned, aligned | 8};
}

void conform(Tally& tally, Mode mode, const Features& features, std::initializer_list<bool> pbmt_states) {
  Ram ram;
  UnitConfig config;
  config.features = features;
  TranslationUnit unit(config);
  const std::uint64_t va = 0x1'2345'6789 & ((std::uint64_t{1} << 38) - 1);
  for (unsigned level = 0; level < levels_of(mode); ++level) {
    ram = Ram();
    Builder builder(ram, mode);
    // The tables below the PTE under test: an aligned leaf where a pointer at `level` leads.
    if (level > 0) builder.map(va, level - 1, leaf(std::uint64_t{1} << 36));
    const std::uint64_t slot = builder.slot(va, level);
    const std::uint64_t below = level > 0 ? pte::ppn(ram.at(slot)) : (base >> 12) + 1;
    for (const std::uint64_t upper : upper_fields()) {
      for (const std::uint64_t target : targets(below)) {
        for (std::uint64_t low = 0; low < 256; ++low) {
          ram.at(slot) = upper | target << 10 | low;
          for_each_state(mode, builder.root_ppn(), [&](Context c) {
            for (const bool pbmt : pbmt_states) {
              c.pbmt_enabled = pbmt;
              for (const Access access : accesses) run(tally, ram, unit, c, va, slot, level, access);
            }
          });
        }
      }
    }
  }
}

void report(const Tally& tally) {
  INFO(tally.cases << " cases: " << tally.translated << " translated, " << tally.page_faults
                   << " page faults, " << tally.access_faults
                   << " access faults; first wrong: " << tally.first_wrong);
  CHECK(tally.wrong == 0);
  CHECK(tally.cases > 100'000);
  CHECK(tally.translated > 1000);
  CHECK(tally.page_faults > 1000);
  CHECK(tally.access_faults > 500);
}

}  // namespace

TEST_CASE("A translation differs from the specification in Sv39") {
  Tally tally;
  conform(tally, Mode::sv39, {.svnapot = true, .svpbmt = true}, {false, true});
  report(tally);
}

TEST_CASE("A translation differs from the specification in Sv48") {
  Tally tally;
  conform(tally, Mode::sv48, {.svnapot = true, .svpbmt = true}, {true});
  report(tally);
}

TEST_CASE("A translation differs from the specification in Sv57") {
  Tally tally;
  conform(tally, Mode::sv57, {.svnapot = true, .svpbmt = true}, {true});
  report(tally);
}

TEST_CASE("A translation differs from the specification without Svnapot and Svpbmt") {
  Tally tally;
  conform(tally, Mode::sv39, {.svnapot = false, .svpbmt = false}, {false, true});
  report(tally);
}

TEST_CASE("A hit decides otherwise than a walk of the same PTE would") {
  Ram ram;
  Builder builder(ram, Mode::sv39);
  TranslationUnit unit(UnitConfig{});
  const std::uint64_t va = 0x4000'3123;
  const std::uint64_t slot = builder.slot(va, 0);
  const auto memory = [&](std::uint64_t address) { return ram.find(address); };
  Tally tally;
  for (std::uint64_t low = 0; low < 256; ++low) {
    for_each_state(Mode::sv39, builder.root_ppn(), [&](const Context& filler) {
      for (const Access filling : {Access::load, Access::store}) {
        for_each_state(Mode::sv39, builder.root_ppn(), [&](const Context& c) {
          for (const Access access : {Access::load, Access::store}) {
            if (!translates(filler) || !translates(c)) continue;
            ram.at(slot) = leaf(0x4242, low);
            unit.fence(std::nullopt, std::nullopt, [](TlbKind, const TlbEntry&) {});
            if (unit.translate(ram, filler, VirtAddr{va}, filling).fault != Fault::none) continue;
            ++tally.cases;
            const auto expected = oracle::translate(memory, c, {}, va, letter(access));
            const Translation got = unit.translate(ram, c, VirtAddr{va}, access);
            if (got.fault != fault_of(expected.outcome) || got.address.value != expected.physical ||
                (expected.new_pte && ram.at(slot) != *expected.new_pte))
              tally.fail(describe(c, 0, leaf(0x4242, low), access));
          }
        });
      }
    });
  }
  INFO("first wrong: " << tally.first_wrong);
  CHECK(tally.wrong == 0);
  CHECK(tally.cases > 10'000);
}
