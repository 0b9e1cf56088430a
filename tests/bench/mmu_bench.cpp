// What the MMU costs the host: hits, misses, fills and fences for small and large shapes. Not a test: run by
// hand.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "mmu/mmu.hpp"

namespace {

using namespace hartbeat;
using namespace hartbeat::mmu;

constexpr std::uint64_t leaf_bits = pte::V | pte::R | pte::W | pte::X | pte::U | pte::A | pte::D;

// Sv39 tables that map `pages` pages of 4 KiB from virtual address 0: root at page 0, then one table of level
// 1, then the tables of level 0.
struct Tables {
  std::vector<std::uint64_t> words;

  explicit Tables(std::uint64_t pages) : words(512 * (2 + (pages + 511) / 512)) {
    words[0] = 1 << 10 | pte::V;
    for (std::uint64_t i = 0; i * 512 < pages; ++i) words[512 + i] = (2 + i) << 10 | pte::V;
    for (std::uint64_t i = 0; i < pages; ++i) words[1024 + i] = (0x80000 + i) << 10 | leaf_bits;
  }
  bool read_pte(PhysAddr at, std::uint64_t& out) {
    if (at.value / 8 >= words.size()) return false;
    out = words[at.value / 8];
    return true;
  }
  bool update_pte(PhysAddr at, std::uint64_t, std::uint64_t desired) {
    words[at.value / 8] = desired;
    return true;
  }
};

UnitConfig unit_of(const benchmark::State& state) {
  const TlbConfig shape{static_cast<unsigned>(state.range(0)), static_cast<unsigned>(state.range(1)),
                        static_cast<TlbConfig::Replacement>(state.range(2))};
  UnitConfig config;
  config.itlb = shape;
  config.dtlb = shape;
  return config;
}

constexpr Context user{.mode = Mode::sv39, .asid = 1, .privilege = Privilege::user};

// Loads that go round `pages` pages: all hits when they fit, all misses (with LRU or FIFO) when they do not.
void translate_round(benchmark::State& state, std::uint64_t pages) {
  Tables tables(pages);
  TranslationUnit unit(unit_of(state));
  std::uint64_t page = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(unit.translate(tables, user, VirtAddr{page << 12}, Access::load).address);
    page = page + 1 == pages ? 0 : page + 1;
  }
  state.counters["hit%"] =
      100.0 * static_cast<double>(unit.counters().dtlb.hits) / static_cast<double>(state.iterations());
}

void hits(benchmark::State& state) { translate_round(state, static_cast<std::uint64_t>(state.range(0)) / 2); }

void misses(benchmark::State& state) {
  translate_round(state, static_cast<std::uint64_t>(state.range(0)) * 4);
}

void miss_and_fence_by_address(benchmark::State& state) {
  Tables tables(4096);
  TranslationUnit unit(unit_of(state));
  std::uint64_t page = 0;
  for (auto _ : state) {
    const VirtAddr address{page << 12};
    benchmark::DoNotOptimize(unit.translate(tables, user, address, Access::store).address);
    benchmark::DoNotOptimize(unit.fence(address, std::nullopt, [](TlbKind, const TlbEntry&) {}));
    page = (page + 1) & 4095;
  }
}

void flush_of_eight_entries(benchmark::State& state) {
  Tables tables(4096);
  TranslationUnit unit(unit_of(state));
  std::uint64_t page = 0;
  for (auto _ : state) {
    for (int i = 0; i < 8; ++i) {
      benchmark::DoNotOptimize(unit.translate(tables, user, VirtAddr{page << 12}, Access::store).address);
      page = (page + 1) & 4095;
    }
    benchmark::DoNotOptimize(unit.fence(std::nullopt, std::nullopt, [](TlbKind, const TlbEntry&) {}));
  }
}

void walks(benchmark::State& state) {
  Tables tables(4096);
  Walk story;
  std::uint64_t page = 0;
  for (auto _ : state) {
    walk_into(story, tables, user, Features{}, VirtAddr{page << 12}, Access::load);
    benchmark::DoNotOptimize(story.address);
    page = (page + 1) & 4095;
  }
}

void shapes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"entries", "ways", "replacement"});
  bench->Args({16, 16, TlbConfig::tree_plru});
  bench->Args({64, 4, TlbConfig::lru});
  bench->Args({512, 512, TlbConfig::lru});
  bench->Args({4096, 4, TlbConfig::fifo});
  bench->Args({4096, 4, TlbConfig::lru});
  bench->Args({4096, 4, TlbConfig::random});
}

BENCHMARK(walks);
BENCHMARK(hits)->Apply(shapes);
BENCHMARK(misses)->Apply(shapes);
BENCHMARK(miss_and_fence_by_address)->Apply(shapes);
BENCHMARK(flush_of_eight_entries)->Apply(shapes);

}  // namespace

BENCHMARK_MAIN();
