// TLBs of all shapes: what they hold, what they replace, what a fence removes.
#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <stdexcept>
#include <string>

#include "tlb_model.hpp"

using namespace hartbeat;
using namespace hartbeat::mmu;

namespace {

const std::vector<TlbConfig>& shapes() {
  static const std::vector<TlbConfig> all = [] {
    std::vector<TlbConfig> list{TlbConfig::cva6()};
    for (const auto replacement :
         {TlbConfig::fifo, TlbConfig::lru, TlbConfig::tree_plru, TlbConfig::random}) {
      for (const auto& [entries, ways] : {std::pair{1u, 1u},
                                          {2u, 2u},
                                          {8u, 1u},
                                          {8u, 8u},
                                          {16u, 4u},
                                          {64u, 2u},
                                          {64u, 64u},
                                          {128u, 128u},
                                          {256u, 4u}})
        list.push_back({entries, ways, replacement});
    }
    list.push_back({12, 3, TlbConfig::lru});
    list.push_back({20, 20, TlbConfig::fifo});
    list.push_back({100, 100, TlbConfig::random});
    list.push_back({70, 70, TlbConfig::lru});
    return list;
  }();
  return all;
}

std::string describe(const TlbConfig& config) {
  return std::to_string(config.entries) + " entries, " + std::to_string(config.ways) + " ways, replacement " +
         std::to_string(config.replacement);
}

TlbEntry entry_for(std::uint64_t va, unsigned shift, std::uint16_t asid, bool global = false) {
  return {.virtual_page = va >> shift << (shift - 12),
          .physical_page = std::uint64_t{0x1000} << (shift - 12),
          .asid = asid,
          .page_shift = static_cast<std::uint8_t>(shift),
          .permissions = 0xdf,
          .global = global};
}

constexpr unsigned all_shifts[] = {12, 16, 21, 30, 39, 48};

// A place of its own for each page size, in sets of its own: a multiple of four pages.
std::uint64_t place_of(unsigned shift) {
  const auto index = static_cast<std::uint64_t>(std::find(all_shifts, all_shifts + 6, shift) - all_shifts);
  return (std::uint64_t{shift} << 50) + (index * 4 << shift);
}

bool less(const TlbEntry& a, const TlbEntry& b) {
  return std::tie(a.virtual_page, a.page_shift, a.asid, a.global, a.physical_page) <
         std::tie(b.virtual_page, b.page_shift, b.asid, b.global, b.physical_page);
}

std::vector<TlbEntry> sorted(std::vector<TlbEntry> entries) {
  std::sort(entries.begin(), entries.end(), less);
  return entries;
}

// Both TLBs, driven alike and compared after each step.
class Pair {
 public:
  explicit Pair(const TlbConfig& config) : tlb(config), plain(config) {}

  bool same() const {
    std::vector<std::optional<TlbEntry>> slots(tlb.config().entries);
    unsigned count = 0;
    tlb.for_each([&](const TlbEntry& entry) {
      slots[tlb.slot_of(entry)] = entry;
      ++count;
    });
    std::uint64_t reach = 0;
    for (const auto& entry : plain.slots())
      if (entry && !entry->global) reach += std::uint64_t{1} << entry->page_shift;
    return slots == plain.slots() && count == tlb.size() && reach == tlb.reach();
  }
  bool lookup(std::uint64_t va, std::uint16_t asid) {
    const auto expected = plain.find(va, asid);
    const TlbEntry* const peeked = tlb.peek(VirtAddr{va}, asid);
    const TlbEntry* const found = tlb.lookup(VirtAddr{va}, asid);
    if (expected) plain.hit(*expected);
    return peeked == found && (found != nullptr) == expected.has_value() &&
           (found == nullptr || tlb.slot_of(*found) == *expected);
  }
  bool insert(const TlbEntry& entry) {
    TlbEntry gone;
    const TlbEntry* placed = nullptr;
    const bool evicted = tlb.insert(entry, &gone, &placed);
    const auto expected = plain.insert(entry, tlb.slot_of(*placed));
    return *placed == entry && evicted == expected.has_value() && (!evicted || gone == *expected);
  }
  bool fence(std::optional<std::uint64_t> va, std::optional<std::uint16_t> asid) {
    std::vector<TlbEntry> gone;
    const auto address = va ? std::optional(VirtAddr{*va}) : std::nullopt;
    const unsigned count = tlb.fence(address, asid, [&](const TlbEntry& entry) {
      gone.push_back(entry);
      still_there_when_told |= tlb.size() + gone.size() != size_before_;
    });
    const auto expected = plain.fence(va, asid);
    return count == gone.size() && sorted(gone) == sorted(expected);
  }
  void note_size() { size_before_ = tlb.size(); }

  Tlb tlb;
  model::Tlb plain;
  bool still_there_when_told = false;

 private:
  std::size_t size_before_ = 0;
};

void drive(const TlbConfig& config, unsigned seed, unsigned steps) {
  INFO(describe(config) << ", seed " << seed);
  Pair pair(config);
  std::mt19937_64 random(seed);
  const auto below = [&](std::uint64_t n) { return random() % n; };
  for (unsigned step = 0; step < steps; ++step) {
    // Addresses are few, so that pages of all sizes overlap; a third of them are in the upper half.
    const std::uint64_t pages = below(config.entries * 2 + 4);
    std::uint64_t va = (pages << 12) + below(4096);
    if (below(4) == 0) va += below(8) << 21;
    if (below(8) == 0) va += below(4) << 30;
    if (below(3) == 0) va |= 0xffff'ffc0'0000'0000;
    const auto asid = static_cast<std::uint16_t>(below(3));
    const std::uint64_t action = below(100);
    bool ok = true;
    if (action < 50) {
      ok = pair.lookup(va, asid);
    } else if (action < 93) {
      const unsigned shift = below(3) != 0 ? 12 : all_shifts[below(6)];
      TlbEntry entry = entry_for(va, shift, asid, below(6) == 0);
      entry.physical_page += below(5) << (shift - 12);
      if (pair.tlb.peek(VirtAddr{va}, asid) == nullptr || below(4) == 0) ok = pair.insert(entry);
    } else {
      pair.note_size();
      const bool all = below(20) == 0;
      const auto address = all || below(4) == 0 ? std::nullopt : std::optional(va);
      const auto space = all || below(2) == 0 ? std::nullopt : std::optional(asid);
      if (address || space || all) ok = pair.fence(address, space);
    }
    if (!ok || !pair.same() || pair.still_there_when_told) {
      INFO("step " << step << ", action " << action);
      REQUIRE(ok);
      REQUIRE(pair.same());
      REQUIRE_FALSE(pair.still_there_when_told);
    }
  }
  SUCCEED();
}

}  // namespace

TEST_CASE("A TLB and its step-by-step model part ways") {
  for (const TlbConfig& config : shapes())
    drive(config, 1 + config.entries, config.entries > 64 ? 1500 : 5000);
}

TEST_CASE("An impossible TLB shape is built, or refused without a sentence that says why") {
  const auto refusal = [](const TlbConfig& config) -> std::string {
    try {
      Tlb tlb(config);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  CHECK_THAT(refusal({0, 1, TlbConfig::lru}), Catch::Contains("0 entries"));
  CHECK_THAT(refusal({1u << 21, 1, TlbConfig::lru}), Catch::Contains("1 to 1048576 entries"));
  CHECK_THAT(refusal({16, 0, TlbConfig::lru}), Catch::Contains("ways must divide"));
  CHECK_THAT(refusal({16, 32, TlbConfig::lru}), Catch::Contains("ways must divide"));
  CHECK_THAT(refusal({16, 3, TlbConfig::lru}), Catch::Contains("ways must divide"));
  CHECK_THAT(refusal({12, 4, TlbConfig::lru}), Catch::Contains("3 sets are not a power of two"));
  CHECK_THAT(refusal({12, 3, TlbConfig::tree_plru}), Catch::Contains("tree-PLRU"));
  CHECK_THAT(refusal({4, 4, static_cast<TlbConfig::Replacement>(9)}), Catch::Contains("replacement"));
  for (const TlbConfig& config : shapes()) CHECK(refusal(config).empty());
}

TEST_CASE("CVA6's tree does not fill an empty TLB in the order of the RTL, or prefers invalid slots") {
  Tlb tlb(TlbConfig::cva6());
  // Each fill is followed by the hit of the repeated access, as in the core.
  const auto fill = [&](std::uint64_t page) {
    const TlbEntry* placed = nullptr;
    TlbEntry gone;
    const bool evicted = tlb.insert(entry_for(page << 12, 12, 1), &gone, &placed);
    const std::uint32_t slot = tlb.slot_of(*placed);
    CHECK(tlb.lookup(VirtAddr{page << 12}, 1) == placed);
    return std::pair(slot, evicted);
  };
  const std::uint32_t order[] = {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15};
  for (std::uint64_t page = 0; page < 16; ++page) CHECK(fill(page) == std::pair(order[page], false));
  CHECK(fill(100) == std::pair(0u, true));
  // Slot 12 is made invalid, but the tree points at slot 8.
  CHECK(tlb.fence(VirtAddr{3 << 12}, std::nullopt, [](const TlbEntry&) {}) == 1);
  CHECK(fill(101) == std::pair(8u, true));
  CHECK(tlb.size() == 15);
  CHECK(fill(102) == std::pair(4u, true));
  CHECK(fill(103) == std::pair(12u, false));
  // A fill that is not followed by a hit does not move the tree.
  const TlbEntry* first = nullptr;
  const TlbEntry* second = nullptr;
  tlb.insert(entry_for(200 << 12, 12, 1), nullptr, &first);
  tlb.insert(entry_for(201 << 12, 12, 1), nullptr, &second);
  CHECK(first == second);
}

TEST_CASE("FIFO, LRU or random replace another entry than their names say") {
  const auto fill = [](Tlb& tlb, std::uint64_t page) {
    const TlbEntry* placed = nullptr;
    tlb.insert(entry_for(page << 12, 12, 1), nullptr, &placed);
    return tlb.slot_of(*placed);
  };
  SECTION("fifo") {
    Tlb tlb({4, 4, TlbConfig::fifo});
    for (std::uint32_t page = 0; page < 4; ++page) CHECK(fill(tlb, page) == page);
    tlb.lookup(VirtAddr{0}, 1);
    CHECK(fill(tlb, 4) == 0);
    CHECK(fill(tlb, 5) == 1);
    tlb.fence(VirtAddr{3 << 12}, std::nullopt, [](const TlbEntry&) {});
    CHECK(fill(tlb, 6) == 3);
    CHECK(fill(tlb, 7) == 2);
    CHECK(fill(tlb, 8) == 0);
  }
  SECTION("lru") {
    Tlb tlb({4, 4, TlbConfig::lru});
    for (std::uint32_t page = 0; page < 4; ++page) CHECK(fill(tlb, page) == page);
    tlb.lookup(VirtAddr{0}, 1);
    tlb.lookup(VirtAddr{2 << 12}, 1);
    tlb.peek(VirtAddr{1 << 12}, 1);
    CHECK(fill(tlb, 4) == 1);
    CHECK(fill(tlb, 5) == 3);
    CHECK(fill(tlb, 6) == 0);
    CHECK(fill(tlb, 7) == 2);
  }
  SECTION("random reaches each way, and the same ways in each run") {
    Tlb one({8, 8, TlbConfig::random});
    Tlb two({8, 8, TlbConfig::random});
    unsigned seen[8] = {};
    for (std::uint64_t page = 0; page < 8000; ++page) {
      const std::uint32_t slot = fill(one, page);
      CHECK(slot == fill(two, page));
      if (page >= 8) ++seen[slot];
    }
    for (const unsigned count : seen) CHECK((count > 850 && count < 1150));
    one.clear();
    two = Tlb({8, 8, TlbConfig::random});
    for (std::uint64_t page = 0; page < 100; ++page) CHECK(fill(one, page) == fill(two, page));
  }
}

TEST_CASE("A set-associative TLB puts pages of one set index elsewhere than in that set") {
  Tlb tlb({16, 4, TlbConfig::lru});
  for (const unsigned shift : all_shifts) {
    tlb.clear();
    for (std::uint64_t i = 0; i < 16; ++i) {
      const TlbEntry* placed = nullptr;
      tlb.insert(entry_for(i << shift, shift, 1), nullptr, &placed);
      CHECK(tlb.slot_of(*placed) / 4 == i % 4);
    }
    CHECK(tlb.size() == 16);
  }
}

TEST_CASE("A fence leaves what it names, or takes what it does not") {
  for (const TlbConfig& config : shapes()) {
    if (config.entries < 64) continue;
    INFO(describe(config));
    // For each page size: a private page of ASID 1, the same of ASID 2, a global page; and a neighbour of
    // each.
    const auto fill = [&](Tlb& tlb) {
      std::vector<TlbEntry> held;
      const auto add = [&](const TlbEntry& entry) {
        const TlbEntry* placed = nullptr;
        tlb.insert(entry, nullptr, &placed);
        tlb.touch(*placed);
      };
      for (const unsigned shift : all_shifts) {
        const std::uint64_t far = place_of(shift);
        const std::uint64_t page = std::uint64_t{1} << shift;
        add(entry_for(far, shift, 1));
        add(entry_for(far, shift, 2));
        add(entry_for(far + page, shift, 1, true));
        add(entry_for(far + 2 * page, shift, 1));
      }
      tlb.for_each([&](const TlbEntry& entry) { held.push_back(entry); });
      return held;
    };
    for (const unsigned shift : all_shifts) {
      const std::uint64_t page = std::uint64_t{1} << shift;
      for (const std::uint64_t start : {place_of(shift), place_of(shift) + page}) {
        for (const std::uint64_t offset : {std::uint64_t{0}, page / 2 + 1, page - 1}) {
          for (const std::optional<std::uint16_t> asid :
               {std::optional<std::uint16_t>(), std::optional<std::uint16_t>(1),
                std::optional<std::uint16_t>(2)}) {
            Tlb tlb(config);
            const std::vector<TlbEntry> before = fill(tlb);
            std::vector<TlbEntry> gone;
            const VirtAddr va{start + offset};
            tlb.fence(va, asid, [&](const TlbEntry& entry) { gone.push_back(entry); });
            for (const TlbEntry& entry : before) {
              const bool named =
                  entry.virtual_page == start >> 12 && (!asid || (!entry.global && entry.asid == *asid));
              const bool went = std::find(gone.begin(), gone.end(), entry) != gone.end();
              if (named != went) CHECK(named == went);
            }
            CHECK(tlb.size() + gone.size() == before.size());
          }
        }
      }
    }
    for (const std::optional<std::uint16_t> asid :
         {std::optional<std::uint16_t>(), std::optional<std::uint16_t>(1), std::optional<std::uint16_t>(7)}) {
      Tlb tlb(config);
      const std::vector<TlbEntry> before = fill(tlb);
      REQUIRE(before.size() > 12);
      tlb.fence(std::nullopt, asid, [](const TlbEntry&) {});
      const auto survives = [&](const TlbEntry& entry) {
        return asid && (entry.global || entry.asid != *asid);
      };
      CHECK(tlb.size() == std::count_if(before.begin(), before.end(), survives));
      tlb.for_each([&](const TlbEntry& entry) { CHECK(survives(entry)); });
    }
  }
}

TEST_CASE("A global entry is not hit from every address space, or a private one is hit from another") {
  Tlb tlb({8, 8, TlbConfig::lru});
  tlb.insert(entry_for(0x1000, 12, 3, true), nullptr);
  tlb.insert(entry_for(0x2000, 12, 3, false), nullptr);
  for (std::uint16_t asid = 0; asid < 8; ++asid) {
    CHECK(tlb.peek(VirtAddr{0x1fff}, asid) != nullptr);
    CHECK((tlb.peek(VirtAddr{0x2fff}, asid) != nullptr) == (asid == 3));
  }
}

TEST_CASE("A copy of a TLB does not behave like the original") {
  for (const auto replacement : {TlbConfig::fifo, TlbConfig::lru, TlbConfig::tree_plru, TlbConfig::random}) {
    Tlb original({16, 4, replacement});
    std::mt19937_64 random(7);
    const auto step = [](Tlb& tlb, std::uint64_t page) {
      if (tlb.lookup(VirtAddr{page << 12}, 1) != nullptr) return std::uint32_t{1000};
      const TlbEntry* placed = nullptr;
      tlb.insert(entry_for(page << 12, 12, 1), nullptr, &placed);
      return tlb.slot_of(*placed);
    };
    for (int i = 0; i < 200; ++i) step(original, random() % 40);
    Tlb copy = original;
    for (int i = 0; i < 500; ++i) {
      const std::uint64_t page = random() % 40;
      REQUIRE(step(original, page) == step(copy, page));
    }
  }
}
