// The MMU of a hart: hits, misses, stale entries, second level, Svadu, what leaves the TLBs and what fences
// remove.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <stdexcept>
#include <vector>

#include "page_tables.hpp"

using namespace tables;
using namespace hartbeat::mmu;

namespace {

constexpr auto ignore = [](TlbKind, const TlbEntry&) {};

UnitConfig small(unsigned entries, std::optional<TlbConfig> l2 = std::nullopt) {
  UnitConfig config;
  config.itlb = {entries, entries, TlbConfig::lru};
  config.dtlb = {entries, entries, TlbConfig::lru};
  config.l2 = l2;
  return config;
}

// One address space of one hart, user pages of 4 KiB from 0x1000 on: page i at 0x1000 * (i + 1), frame 0x100
// + i.
struct Bench {
  explicit Bench(const UnitConfig& config, unsigned pages = 32) : builder(ram, Mode::sv39), unit(config) {
    for (unsigned i = 0; i < pages; ++i) builder.map(va_of(i), 0, leaf(0x100 + i));
  }
  static std::uint64_t va_of(unsigned page) { return 0x1000 * (page + std::uint64_t{1}); }
  std::uint64_t& pte_of(unsigned page) { return ram.at(builder.slot(va_of(page), 0)); }

  Translation access(std::uint64_t va, Access kind = Access::load) {
    return unit.translate(ram, context, VirtAddr{va}, kind);
  }
  Translation page(unsigned number, Access kind = Access::load) { return access(va_of(number), kind); }
  unsigned fence(std::optional<std::uint64_t> va = std::nullopt,
                 std::optional<std::uint16_t> asid = std::nullopt) {
    return unit.fence(va ? std::optional(VirtAddr{*va}) : std::nullopt, asid, ignore);
  }

  Ram ram;
  Builder builder;
  TranslationUnit unit;
  Context context{.mode = Mode::sv39, .asid = 1, .root_ppn = base >> 12, .privilege = Privilege::user};
};

}  // namespace

TEST_CASE("Bare or machine mode translates, checks, or looks at a TLB") {
  Bench bench(small(4));
  const std::uint64_t anywhere = 0xdead'beef'0123'4567;
  for (const Access kind : accesses) {
    bench.context.mode = Mode::bare;
    bench.context.privilege = Privilege::user;
    CHECK(bench.access(anywhere, kind).address.value == anywhere);
    bench.context.mode = Mode::sv39;
    bench.context.privilege = Privilege::machine;
    const Translation translation = bench.access(anywhere, kind);
    CHECK(translation.address.value == anywhere);
    CHECK(translation.fault == Fault::none);
    CHECK(translation.entry == nullptr);
  }
  CHECK(bench.unit.counters() == UnitCounters{});
}

TEST_CASE("Fetches and data accesses share a TLB, or a counter counts something else than it says") {
  Bench bench(small(2));
  CHECK_FALSE(bench.page(0, Access::load).tlb_hit);
  CHECK(bench.page(0, Access::store).tlb_hit);
  CHECK_FALSE(bench.page(0, Access::fetch).tlb_hit);
  CHECK(bench.page(0, Access::fetch).tlb_hit);
  bench.page(1);
  bench.page(2);  // page 0 goes
  CHECK_FALSE(bench.page(0).tlb_hit);
  CHECK(bench.page(0, Access::fetch).tlb_hit);
  const UnitCounters& counters = bench.unit.counters();
  CHECK(
      counters.dtlb ==
      TlbCounters{.hits = 1, .misses = 4, .evictions = 2, .fills = 4, .fill_reach = (1 + 2 + 2 + 2) * 4096});
  CHECK(counters.itlb == TlbCounters{.hits = 2, .misses = 1, .fills = 1, .fill_reach = 4096});
  CHECK(counters.l2 == TlbCounters{});
  CHECK(counters.walks == 5);
  CHECK(counters.walk_reads == 15);
  CHECK(bench.fence() == 3);
  CHECK(counters.dtlb.fences == 1);
  CHECK(counters.dtlb.fence_removed == 2);
  CHECK(counters.itlb.fence_removed == 1);
  bench.unit.absorbed_hits(Access::store, 10);
  CHECK(counters.dtlb.hits == 11);
  bench.page(0);
  CHECK(bench.unit.extend_fence(std::nullopt, std::nullopt, ignore) == 1);
  CHECK(counters.dtlb.fences == 1);
  CHECK(counters.dtlb.fence_removed == 3);
  bench.unit.reset();
  CHECK(bench.unit.counters() == UnitCounters{});
}

TEST_CASE("A stale entry is not used until it is fenced or evicted") {
  Bench bench(small(4));
  bench.page(0);
  bench.pte_of(0) = leaf(0x999);
  CHECK(bench.page(0).address.value == 0x100'000);
  bench.pte_of(0) = 0;
  CHECK(bench.page(0).address.value == 0x100'000);
  SECTION("fenced by another address: stays") {
    CHECK(bench.fence(bench.va_of(1)) == 0);
    CHECK(bench.page(0).fault == Fault::none);
  }
  SECTION("fenced by another ASID: stays") {
    CHECK(bench.fence(std::nullopt, 2) == 0);
    CHECK(bench.page(0).fault == Fault::none);
  }
  SECTION("fenced") {
    CHECK(bench.fence(bench.va_of(0) + 0xfff, 1) == 1);
    CHECK(bench.page(0).fault == Fault::page);
    CHECK(bench.unit.last_walk().check == Check::pte_invalid);
  }
  SECTION("sinval.vma is a fence") {
    CHECK(bench.unit.sinval_vma(VirtAddr{bench.va_of(0)}, std::nullopt, ignore) == 1);
    CHECK(bench.page(0).fault == Fault::page);
  }
  SECTION("evicted") {
    for (unsigned page = 1; page <= 4; ++page) bench.page(page);
    CHECK(bench.page(0).fault == Fault::page);
  }
}

TEST_CASE(
    "A write-protected page is writable through an entry that was not fenced, or not by one that was filled "
    "before") {
  Bench bench(small(4));
  bench.page(0, Access::store);
  bench.pte_of(0) &= ~pte::W;
  CHECK(bench.page(0, Access::store).fault == Fault::none);
  bench.fence();
  CHECK(bench.page(0, Access::load).fault == Fault::none);
  // The kernel makes the page writable and forgets the local fence: the fault stays, as in CVA6.
  bench.pte_of(0) |= pte::W;
  for (int again = 0; again < 2; ++again) {
    const Translation translation = bench.page(0, Access::store);
    CHECK(translation.fault == Fault::page);
    CHECK(translation.tlb_hit);
    CHECK(translation.entry == nullptr);
    const Walk& story = bench.unit.last_walk();
    CHECK(story.check == Check::not_writable);
    CHECK(story.read_count == 0);
    CHECK(story.level == 0);
    CHECK(story.pte == leaf(0x100, rwxu_ad & ~pte::W));
  }
  bench.fence(bench.va_of(0));
  CHECK(bench.page(0, Access::store).fault == Fault::none);
}

TEST_CASE("With rewalk_on_hit_fault, a stale entry forbids what the page table allows") {
  UnitConfig config = small(4);
  config.rewalk_on_hit_fault = true;
  Bench bench(config);
  bench.pte_of(0) &= ~pte::W;
  const Translation first = bench.page(0);
  const Translation refused = bench.page(0, Access::store);
  CHECK(refused.fault == Fault::page);
  CHECK(bench.unit.last_walk().read_count == 3);
  CHECK(bench.page(0).tlb_hit);
  bench.pte_of(0) = leaf(0x777);
  const Translation second = bench.page(0, Access::store);
  CHECK(second.fault == Fault::none);
  CHECK(second.address.value == 0x777'000);
  CHECK(second.entry == first.entry);
  REQUIRE(second.evicted.size() == 1);
  CHECK(second.evicted[0].physical_page == 0x100);
  CHECK(bench.page(0).address.value == 0x777'000);
  CHECK(bench.unit.counters().dtlb.evictions == 0);
  CHECK(bench.unit.counters().rewalks == 2);
}

TEST_CASE(
    "Under Svadu a store through an entry with D clear faults, or leaves D clear in memory or in the TLB") {
  Bench bench(small(4));
  bench.context.hardware_ad = true;
  bench.pte_of(0) &= ~(pte::A | pte::D);
  CHECK(bench.page(0, Access::load).fault == Fault::none);
  CHECK((bench.pte_of(0) & (pte::A | pte::D)) == pte::A);
  const Translation store = bench.page(0, Access::store);
  CHECK(store.fault == Fault::none);
  CHECK_FALSE(store.tlb_hit);
  CHECK((bench.pte_of(0) & pte::D) != 0);
  REQUIRE(store.evicted.size() == 1);
  CHECK((store.evicted[0].permissions & pte::D) == 0);
  CHECK((store.entry->permissions & pte::D) != 0);
  CHECK(bench.page(0, Access::store).tlb_hit);
  CHECK(bench.unit.counters().ad_writes == 2);
  CHECK(bench.unit.counters().rewalks == 1);
  CHECK(bench.unit.dtlb().size() == 1);
}

TEST_CASE("Under Svade a store through an entry with D clear walks or writes the PTE") {
  Bench bench(small(4));
  bench.pte_of(0) &= ~pte::D;
  bench.page(0, Access::load);
  bench.pte_of(0) |= pte::D;
  CHECK(bench.page(0, Access::store).fault == Fault::page);
  CHECK(bench.unit.last_walk().check == Check::dirty_clear);
  CHECK(bench.unit.last_walk().read_count == 0);
  CHECK(bench.ram.updates == 0);
}

TEST_CASE("A page that changed its size under a stale entry is hit with both sizes after a second walk") {
  for (const bool to_superpage : {true, false}) {
    Bench bench(small(2, TlbConfig{8, 2, TlbConfig::lru}), 0);
    bench.context.hardware_ad = true;
    const std::uint64_t va = 0x4020'3123;
    const std::uint64_t slot = bench.builder.slot(va, 0);
    const std::uint64_t above = bench.builder.slot(va, 1);
    const std::uint64_t pointer = bench.ram.at(above);
    bench.ram.at(slot) = leaf(0x55, rwxu_ad & ~pte::D);
    const std::uint64_t superpage = leaf(0x200, rwxu_ad & ~pte::D);
    bench.ram.at(above) = to_superpage ? pointer : superpage;
    bench.builder.map(0x9000, 0, leaf(1));
    bench.access(0x9000);
    CHECK(bench.access(va).fault == Fault::none);
    bench.ram.at(above) = to_superpage ? superpage : pointer;
    const Translation store = bench.access(va, Access::store);
    CHECK(store.entry->page_shift == (to_superpage ? 21 : 12));
    REQUIRE(store.evicted.size() == 1);
    CHECK(store.evicted[0].page_shift == (to_superpage ? 12 : 21));
    CHECK(bench.access(va).address == store.address);
    CHECK(bench.unit.dtlb().size() == 2);
    CHECK(bench.unit.l2()->size() == 2);
    // Three fills: another page; with it the one size; with it the other, without the one.
    CHECK(bench.unit.counters().dtlb.fills == 3);
    CHECK(bench.unit.counters().dtlb.fill_reach == 4096 + (4096 + 4096) + (4096 + (std::uint64_t{2} << 20)));
    CHECK(bench.fence(va) == 2);
    CHECK_FALSE(bench.unit.holds(VirtAddr{va}, 1));
  }
}

TEST_CASE("The second level does not serve what the first evicted, or walks again for it") {
  Bench bench(small(2, TlbConfig{16, 4, TlbConfig::lru}));
  for (unsigned page = 0; page < 8; ++page) CHECK_FALSE(bench.page(page).l2_hit);
  CHECK(bench.unit.counters().walks == 8);
  for (unsigned page = 0; page < 8; ++page) {
    const Translation translation = bench.page(page);
    CHECK(translation.l2_hit);
    CHECK_FALSE(translation.tlb_hit);
    CHECK(translation.address.value == 0x1000 * (0x100 + page));
    REQUIRE(translation.evicted.size() == 1);
  }
  CHECK(bench.page(0, Access::fetch).l2_hit);
  CHECK(bench.unit.counters().walks == 8);
  CHECK(bench.unit.counters().l2.hits == 9);
  CHECK(bench.unit.counters().l2.misses == 8);
  // Stale in the second level only, then gone from everywhere.
  bench.pte_of(0) = leaf(0x999, rwxu_ad & ~pte::W);
  CHECK(bench.unit.holds(VirtAddr{bench.va_of(0)}, 1));
  CHECK(bench.page(0, Access::store).address.value == 0x100'000);
  std::vector<TlbKind> kinds;
  const unsigned removed = bench.unit.fence(VirtAddr{bench.va_of(0)}, std::nullopt,
                                            [&](TlbKind kind, const TlbEntry&) { kinds.push_back(kind); });
  CHECK(removed == 3);
  CHECK(kinds == std::vector{TlbKind::instruction, TlbKind::data, TlbKind::second_level});
  CHECK_FALSE(bench.unit.holds(VirtAddr{bench.va_of(0)}, 1));
  CHECK(bench.page(0, Access::load).address.value == 0x999'000);
  // Forbidden by a second-level entry: a fault from it, and the first level is not filled.
  bench.page(1);
  bench.page(2);
  const Translation refused = bench.page(0, Access::store);
  CHECK(refused.fault == Fault::page);
  CHECK(refused.l2_hit);
  CHECK(bench.unit.last_walk().read_count == 0);
  CHECK(bench.unit.dtlb().peek(VirtAddr{bench.va_of(0)}, 1) == nullptr);
}

TEST_CASE("Sixteen pages do not fit in CVA6's TLB, or the seventeenth evicts another than the first") {
  Bench bench(UnitConfig{});
  for (unsigned page = 0; page < 16; ++page) CHECK(bench.page(page).evicted.empty());
  for (unsigned page = 0; page < 16; ++page) CHECK(bench.page(page).tlb_hit);
  const Translation translation = bench.page(16);
  REQUIRE(translation.evicted.size() == 1);
  CHECK(translation.evicted[0].physical_page == 0x100);
}

TEST_CASE("A cache in front of the TLB cannot keep a page in use by telling the TLB of its hits") {
  Bench bench(small(2));
  bench.page(0);
  bench.page(1);
  const UnitCounters before = bench.unit.counters();
  bench.unit.touch(bench.context, VirtAddr{bench.va_of(0)}, Access::load);
  CHECK(bench.unit.counters() == before);
  CHECK(bench.page(2).evicted[0].physical_page == 0x101);
  CHECK(bench.page(0).tlb_hit);
}

TEST_CASE("A faulting translation is cached by default, or not when it is asked for") {
  for (const bool cached : {false, true}) {
    UnitConfig config = small(4, TlbConfig{8, 8, TlbConfig::lru});
    config.cache_faults = cached;
    Bench bench(config);
    const std::uint64_t good = bench.pte_of(0);
    SECTION(cached ? "V = 0, cached" : "V = 0, not cached") {
      bench.pte_of(0) = 0xabc'def0;
      CHECK(bench.page(0).fault == Fault::page);
      CHECK(bench.unit.last_walk().read_count == 3);
      bench.pte_of(0) = good;
      CHECK(bench.page(0).fault == (cached ? Fault::page : Fault::none));
      if (cached) {
        CHECK(bench.unit.last_walk().check == Check::pte_invalid);
        CHECK(bench.unit.last_walk().read_count == 0);
      }
      bench.fence(bench.va_of(0), 1);
      CHECK(bench.page(0).fault == Fault::none);
    }
    SECTION(cached ? "no permission, cached" : "no permission, not cached") {
      bench.pte_of(0) &= ~pte::W;
      CHECK(bench.page(0, Access::store).fault == Fault::page);
      CHECK(bench.unit.dtlb().size() == (cached ? 1u : 0u));
      bench.pte_of(0) = good;
      CHECK(bench.page(0, Access::store).fault == (cached ? Fault::page : Fault::none));
      bench.fence();
      CHECK(bench.page(0, Access::store).fault == Fault::none);
    }
    SECTION(cached ? "a cached fault reports what it evicts" : "an uncached fault evicts nothing") {
      for (unsigned page = 1; page <= 4; ++page) bench.page(page);
      bench.pte_of(0) = 0;
      CHECK(bench.page(0).evicted.size() == (cached ? 1u : 0u));
    }
    SECTION(cached ? "malformed PTEs are never cached" : "malformed PTEs are not cached") {
      bench.pte_of(0) |= std::uint64_t{1} << 54;
      bench.page(0);
      bench.access(std::uint64_t{1} << 50);
      CHECK(bench.unit.dtlb().size() == 0);
      CHECK(bench.unit.l2()->size() == 0);
    }
  }
}

TEST_CASE("As in CVA6, a leaf that only U forbids is cached and faults from the TLB") {
  for (const bool cached : {false, true}) {
    UnitConfig config = small(4);
    config.cache_privilege_faults = cached;
    Bench bench(config);
    bench.context.privilege = Privilege::supervisor;
    CHECK(bench.page(0).fault == Fault::page);
    CHECK(bench.unit.last_walk().check == Check::user_page_without_sum);
    CHECK(bench.unit.last_walk().read_count == 3);
    CHECK(bench.unit.dtlb().size() == (cached ? 1u : 0u));
    CHECK(bench.page(0).fault == Fault::page);
    CHECK(bench.unit.last_walk().check == Check::user_page_without_sum);
    CHECK(bench.unit.last_walk().read_count == (cached ? 0 : 3));
    bench.context.sum = true;
    CHECK(bench.page(0).tlb_hit == cached);
    // What the walk itself refuses is not cached in either.
    bench.context.sum = false;
    bench.fence();
    bench.pte_of(1) &= ~pte::D;
    bench.page(1, Access::store);
    bench.pte_of(2) = 0;
    bench.page(2);
    bench.context.privilege = Privilege::user;
    bench.pte_of(3) &= ~pte::W;
    bench.page(3, Access::store);
    CHECK(bench.unit.dtlb().size() == 0);
  }
}

TEST_CASE("A page is not served by one entry over its whole reach, or a fence inside it misses it") {
  struct Kind {
    unsigned level;
    std::uint64_t pte;
    unsigned shift;
  };
  const Kind kinds[] = {
      {0, napot(0x12340), 16}, {1, leaf(std::uint64_t{1} << 20), 21}, {2, leaf(std::uint64_t{1} << 20), 30}};
  for (const Kind& kind : kinds) {
    for (const TlbConfig shape : {TlbConfig{4, 4, TlbConfig::tree_plru}, TlbConfig{64, 4, TlbConfig::lru}}) {
      UnitConfig config;
      config.dtlb = shape;
      Bench bench(config, 0);
      const std::uint64_t start = std::uint64_t{7} << 30;
      const std::uint64_t reach = std::uint64_t{1} << kind.shift;
      if (kind.shift == 16) {
        for (unsigned i = 0; i < 16; ++i) bench.builder.map(start + i * 0x1000, 0, kind.pte);
      } else {
        bench.builder.map(start, kind.level, kind.pte);
      }
      const std::uint64_t frame = pte::ppn(kind.pte) >> 4 << 16;
      for (std::uint64_t offset = 0; offset < reach; offset += reach / 16 + 8)
        CHECK(bench.access(start + offset, Access::store).address.value == frame + offset);
      CHECK(bench.unit.counters().walks == 1);
      CHECK(bench.unit.dtlb().size() == 1);
      CHECK(bench.fence(start + reach) == 0);
      CHECK(bench.fence(start - 1) == 0);
      CHECK(bench.fence(start + reach / 2 + 4096, 2) == 0);
      CHECK(bench.fence(start + reach / 2 + 4096, 1) == 1);
    }
  }
}

TEST_CASE("Global pages are private, or fall to a fence with an ASID") {
  Bench bench(small(8));
  bench.pte_of(0) |= pte::G;
  bench.page(0);
  bench.page(1);
  bench.context.asid = 2;
  CHECK(bench.page(0).tlb_hit);
  CHECK_FALSE(bench.page(1).tlb_hit);
  CHECK(bench.fence(std::nullopt, 2) == 1);
  CHECK(bench.fence(bench.va_of(0), 1) == 0);
  CHECK(bench.page(0).tlb_hit);
  CHECK(bench.fence(bench.va_of(0)) == 1);
  CHECK_FALSE(bench.page(0).tlb_hit);
}

TEST_CASE("ASID bits that are not implemented tell address spaces apart") {
  for (const unsigned bits : {0u, 4u, 16u}) {
    UnitConfig config = small(8);
    config.features.asid_bits = bits;
    Bench bench(config);
    bench.context.asid = 0x0001;
    bench.page(0);
    bench.context.asid = 0x8001;
    CHECK(bench.page(0).tlb_hit == (bits < 16));
    bench.fence();
    bench.page(0);
    CHECK(bench.unit.holds(VirtAddr{bench.va_of(0)}, 0x4001) == (bits < 16));
    CHECK(bench.fence(std::nullopt, 0x4001) == (bits < 16 ? 1u : 0u));
  }
}

TEST_CASE("A fence of an address that is not canonical removes the entry of the canonical one") {
  Bench bench(small(4));
  bench.page(0);
  CHECK(bench.fence(bench.va_of(0) | std::uint64_t{1} << 45) == 0);
  CHECK(bench.page(0).tlb_hit);
}

TEST_CASE("The memory type of a page is lost on its way into the TLB") {
  Bench bench(small(4));
  bench.context.pbmt_enabled = true;
  for (std::uint64_t type = 0; type < 3; ++type) {
    bench.pte_of(static_cast<unsigned>(type)) |= type << 61;
    CHECK(bench.page(static_cast<unsigned>(type)).entry->pbmt == type);
    CHECK(bench.page(static_cast<unsigned>(type)).entry->pbmt == type);
  }
}

TEST_CASE("An impossible unit is built") {
  UnitConfig config;
  config.features.asid_bits = 17;
  CHECK_THROWS_AS(TranslationUnit(config), std::invalid_argument);
  config.features.asid_bits = 16;
  config.features.pa_bits = 57;
  CHECK_THROWS_AS(TranslationUnit(config), std::invalid_argument);
  config.features.pa_bits = 56;
  config.l2 = TlbConfig{12, 4, TlbConfig::lru};
  CHECK_THROWS_AS(TranslationUnit(config), std::invalid_argument);
}

TEST_CASE("The example at the head of mmu.hpp does not work") {
  struct Map {
    std::map<std::uint64_t, std::uint64_t> words;
    bool read_pte(PhysAddr at, std::uint64_t& pte) {
      pte = words[at.value];
      return true;
    }
    bool update_pte(PhysAddr at, std::uint64_t, std::uint64_t desired) {
      words[at.value] = desired;
      return true;
    }
  } ram;
  const mmu::Context context{.mode = mmu::Mode::sv39, .root_ppn = 0x80000, .privilege = mmu::Privilege::user};
  const mmu::Walk walk = mmu::walk(ram, context, mmu::Features{}, VirtAddr{0x1234}, mmu::Access::store);
  CHECK(walk.fault == mmu::Fault::page);
  CHECK(walk.check == mmu::Check::pte_invalid);
  CHECK(walk.reads[0].address.value == 0x8000'0000);
}
