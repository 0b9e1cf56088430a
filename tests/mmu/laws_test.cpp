// Laws that hold for any sequence of accesses, changes of page tables and fences, on every shape.
#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "oracle.hpp"
#include "page_tables.hpp"

using namespace tables;
using namespace hartbeat::mmu;

namespace {

constexpr unsigned spaces = 3;
constexpr unsigned pages = 24;

// Three address spaces (ASIDs 1, 2, 3) that map the same addresses: pages of 4 KiB, some under a 2 MiB leaf
// or in a NAPOT range at times, the last eight global and shared.
class World {
 public:
  World(const UnitConfig& config, unsigned seed) : ram(1 + spaces * 3 + 8), unit(config), random_(seed) {
    for (unsigned space = 0; space < spaces; ++space) {
      const std::uint64_t root = page_address(1 + space * 3);
      ram.at(root) = pointer(2 + space * 3);
      ram.at(root + 8) = pointer(0) | pte::G;  // shared: page 0 is a table of level 1, page 13 … of level 0
      ram.at(page_address(2 + space * 3)) = pointer(3 + space * 3);
    }
    ram.at(base) = pointer(1 + spaces * 3);
  }

  std::uint64_t below(std::uint64_t n) { return random_() % n; }

  struct Place {
    std::uint64_t va;
    std::uint64_t slot;   // of the 4 KiB PTE
    std::uint64_t above;  // of the pointer to its table
    bool shared;
  };
  Place place(unsigned space, unsigned page) const {
    if (page < 16) {
      return {page * 0x1000ull, page_address(3 + space * 3) + page * 8, page_address(2 + space * 3), false};
    }
    return {0x4000'0000 + page * 0x1000ull, page_address(1 + spaces * 3) + page * 8, base, true};
  }

  Context context(unsigned space) {
    const std::uint64_t bits = random_();
    return {.mode = Mode::sv39,
            .asid = static_cast<std::uint16_t>(space + 1),
            .root_ppn = page_address(1 + space * 3) >> 12,
            .privilege = (bits & 1) != 0 ? Privilege::user : Privilege::supervisor,
            .sum = (bits & 2) != 0,
            .mxr = (bits & 4) != 0,
            .hardware_ad = hardware_ad};
  }

  // Some PTE for a page: mostly valid, frames few.
  std::uint64_t some_pte(unsigned page) {
    // G only where the mapping is the same in all spaces: elsewhere it would be the software's error.
    const std::uint64_t low =
        below(5) == 0 ? below(256) & ~pte::G : pte::V | pte::R | pte::A | (random_() & 0xde);
    if (page < 16 && below(8) == 0) return napot(0x4000, low);
    return leaf(0x1000 + below(64), low);
  }

  Ram ram;
  TranslationUnit unit;
  bool hardware_ad = false;

 private:
  static std::uint64_t page_address(std::uint64_t page) { return base + (page << 12); }
  static std::uint64_t pointer(std::uint64_t page) { return (page_address(page) >> 12) << 10 | pte::V; }

  std::mt19937_64 random_;
};

std::vector<UnitConfig> unit_shapes() {
  std::vector<UnitConfig> shapes;
  const TlbConfig firsts[] = {TlbConfig::cva6(),
                              {4, 4, TlbConfig::lru},
                              {8, 2, TlbConfig::fifo},
                              {1, 1, TlbConfig::random},
                              {64, 4, TlbConfig::random}};
  for (const TlbConfig& first : firsts) {
    for (const bool second : {false, true}) {
      for (const bool rewalk : {false, true}) {
        UnitConfig config;
        config.itlb = first;
        config.dtlb = first;
        if (second) config.l2 = TlbConfig{16, 4, TlbConfig::lru};
        config.rewalk_on_hit_fault = rewalk;
        config.cache_privilege_faults = second && !rewalk;
        shapes.push_back(config);
      }
    }
  }
  return shapes;
}

// A cache in front of the TLBs: filled by translations, emptied by what the unit reports and nothing else.
// What it believes must be held; and what is held is believed, unless faults put entries into the TLBs as
// well.
class FrontCache {
 public:
  FrontCache(World& world, bool sees_all) : world_(world), sees_all_(sees_all) {}

  bool access(unsigned space, std::uint64_t va) {
    const Access access = accesses[world_.below(3)];
    const unsigned side = access == Access::fetch ? 0 : 1;
    const Translation got = world_.unit.translate(world_.ram, world_.context(space), VirtAddr{va}, access);
    bool ok = true;
    for (const TlbEntry& entry : got.evicted) ok &= forget(side, entry);
    reported += got.evicted.size();
    auto& list = believed_[side];
    if (got.entry != nullptr && std::find(list.begin(), list.end(), *got.entry) == list.end())
      list.push_back(*got.entry);
    return ok;
  }
  bool fence(std::optional<VirtAddr> va, std::optional<std::uint16_t> asid) {
    bool ok = true;
    unsigned told = 0;
    const unsigned count = world_.unit.fence(va, asid, [&](TlbKind kind, const TlbEntry& entry) {
      ++told;
      if (kind != TlbKind::second_level) ok &= forget(kind == TlbKind::instruction ? 0 : 1, entry);
    });
    reported += told;
    return ok && told == count;
  }
  bool agrees() const {
    return agrees(world_.unit.itlb(), believed_[0]) && agrees(world_.unit.dtlb(), believed_[1]);
  }

  std::size_t reported = 0;

 private:
  bool forget(unsigned side, const TlbEntry& entry) {
    auto& list = believed_[side];
    const auto found = std::find(list.begin(), list.end(), entry);
    if (found == list.end()) return !sees_all_;
    list.erase(found);
    return true;
  }
  bool agrees(const Tlb& tlb, const std::vector<TlbEntry>& believed) const {
    std::vector<TlbEntry> held;
    tlb.for_each([&](const TlbEntry& entry) { held.push_back(entry); });
    const auto is_held = [&](const TlbEntry& entry) {
      return std::find(held.begin(), held.end(), entry) != held.end();
    };
    return std::all_of(believed.begin(), believed.end(), is_held) &&
           (!sees_all_ || held.size() == believed.size());
  }

  World& world_;
  bool sees_all_;
  std::vector<TlbEntry> believed_[2];
};

// One step: a change of the tables without a fence (stale entries are the point), a fence, or an access.
bool step(World& world, FrontCache& front) {
  const auto space = static_cast<unsigned>(world.below(spaces));
  const auto page = static_cast<unsigned>(world.below(pages));
  const World::Place place = world.place(space, page);
  const std::uint64_t action = world.below(20);
  if (action == 0) {
    world.ram.at(place.slot) = world.some_pte(page);
  } else if (action == 1 && !place.shared) {
    // The whole region becomes a 2 MiB page, or its table again.
    std::uint64_t& above = world.ram.at(place.above);
    const bool is_pointer = (above & (pte::R | pte::X)) == 0;
    const std::uint64_t dirty = world.below(2) * pte::D;
    above = is_pointer ? leaf(0x200, (rwxu_ad & ~pte::D) | dirty) : (place.slot >> 12) << 10 | pte::V;
  } else if (action == 2) {
    const auto va = world.below(3) == 0 ? std::nullopt : std::optional(VirtAddr{place.va});
    const auto asid =
        world.below(2) == 0 ? std::nullopt : std::optional(static_cast<std::uint16_t>(space + 1));
    return front.fence(va, asid);
  } else {
    return front.access(space, place.va);
  }
  return true;
}

}  // namespace

TEST_CASE("Software that fences each change still sees a stale translation") {
  unsigned seed = 1;
  for (const UnitConfig& config : unit_shapes()) {
    World world(config, seed);
    world.hardware_ad = seed % 2 == 0;
    unsigned translated = 0;
    unsigned wrong = 0;
    for (unsigned step = 0; step < 8000; ++step) {
      const auto space = static_cast<unsigned>(world.below(spaces));
      const auto page = static_cast<unsigned>(world.below(pages));
      const World::Place place = world.place(space, page);
      if (world.below(6) == 0) {
        // A change, then a fence that covers it: by address, by address space, by both, or everything.
        const std::uint64_t pte = world.some_pte(page);
        const bool range = (pte & pte::N) != 0 || (world.ram.at(place.slot) & pte::N) != 0;
        world.ram.at(place.slot) = pte;
        const bool by_address = world.below(2) == 0 && !range;
        const bool by_space = !place.shared && world.below(2) == 0;
        world.unit.fence(by_address ? std::optional(VirtAddr{place.va + world.below(4096)}) : std::nullopt,
                         by_space ? std::optional(static_cast<std::uint16_t>(space + 1)) : std::nullopt,
                         [](TlbKind, const TlbEntry&) {});
        continue;
      }
      const Context context = world.context(space);
      const Access access = accesses[world.below(3)];
      const std::uint64_t va = place.va + world.below(4096);
      const auto memory = [&](std::uint64_t address) { return world.ram.find(address); };
      // A 64 KiB entry may have been filled through a neighbour's PTE: software keeps sixteen alike, this
      // test does not, so an address under such an entry is judged by the entry.
      const Tlb& tlb = access == Access::fetch ? world.unit.itlb() : world.unit.dtlb();
      const TlbEntry* held = tlb.peek(VirtAddr{va}, context.asid);
      if (held == nullptr && world.unit.l2() != nullptr)
        held = world.unit.l2()->peek(VirtAddr{va}, context.asid);
      if (held != nullptr && held->page_shift == 16) {
        world.unit.fence(VirtAddr{va}, std::nullopt, [](TlbKind, const TlbEntry&) {});
      }
      const oracle::Verdict expected = oracle::translate(memory, context, {}, va, letter(access));
      const Translation got = world.unit.translate(world.ram, context, VirtAddr{va}, access);
      const bool ok = (got.fault == Fault::none) == (expected.outcome == oracle::Outcome::translated) &&
                      got.address.value == expected.physical;
      wrong += !ok;
      translated += got.fault == Fault::none;
    }
    CAPTURE(seed);
    CHECK(wrong == 0);
    CHECK(translated > 1000);
    ++seed;
  }
}

TEST_CASE("An entry leaves a TLB without being reported, or is reported and stays") {
  unsigned seed = 100;
  for (UnitConfig config : unit_shapes()) {
    for (const bool cache_faults : {false, true}) {
      config.cache_faults = cache_faults;
      World world(config, seed);
      world.hardware_ad = seed % 3 != 0;
      FrontCache front(world, !cache_faults && !config.cache_privilege_faults);
      bool ok = true;
      unsigned steps = 0;
      while (ok && steps < 4000) {
        ok = step(world, front) && front.agrees();
        ++steps;
      }
      CAPTURE(seed, steps);
      CHECK(ok);
      CHECK(front.reported > 50);
      ++seed;
    }
  }
}

TEST_CASE("Counters do not add up") {
  unsigned seed = 500;
  for (const UnitConfig& config : unit_shapes()) {
    World world(config, seed++);
    std::uint64_t calls[2] = {};
    std::uint64_t faults = 0;
    for (unsigned step = 0; step < 3000; ++step) {
      const auto space = static_cast<unsigned>(world.below(spaces));
      const auto page = static_cast<unsigned>(world.below(pages));
      const World::Place place = world.place(space, page);
      if (world.below(8) == 0) world.ram.at(place.slot) = world.some_pte(page);
      const Access access = accesses[world.below(3)];
      ++calls[access == Access::fetch ? 0 : 1];
      faults += world.unit.translate(world.ram, world.context(space), VirtAddr{place.va}, access).fault !=
                Fault::none;
    }
    const UnitCounters& c = world.unit.counters();
    CHECK(c.itlb.hits + c.itlb.misses == calls[0]);
    CHECK(c.dtlb.hits + c.dtlb.misses == calls[1]);
    if (config.l2) {
      CHECK(c.l2.hits + c.l2.misses == c.itlb.misses + c.dtlb.misses);
      CHECK(c.walks == c.l2.misses + c.rewalks);
    } else {
      CHECK(c.walks == c.itlb.misses + c.dtlb.misses + c.rewalks);
    }
    CHECK(c.walk_reads == world.ram.reads);
    CHECK(c.walk_faults <= faults);
    if (config.rewalk_on_hit_fault) CHECK(c.walk_faults == faults);
    CHECK(c.ad_writes == world.ram.updates);
  }
}
