// What decoding costs the host: the price of a block that has not been seen before. Not a test: run by hand.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <random>
#include <vector>

#include "emu/isa/decode.hpp"
#include "tests/isa/all_extensions.hpp"

namespace {

using namespace hartbeat;

// Words as a compiler emits them: loads, stores, immediates, branches, compressed forms.
constexpr std::uint32_t common[] = {0x00000297, 0x00053503, 0x00b53023, 0x00a58533, 0xfe0798e3, 0x0005,
                                    0xe406,     0x8082,     0x4501,     0x02b50533, 0x0ff57513, 0x00c5a7af};

void decode_common_words(benchmark::State& state) {
  const isa::ExtensionSet extensions = isa::all_extensions();
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(isa::decode(common[i], extensions));
    i = (i + 1) % std::size(common);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(decode_common_words);

void decode_random_words(benchmark::State& state) {
  const isa::ExtensionSet extensions = isa::all_extensions();
  std::mt19937 random(1);
  std::vector<std::uint32_t> words(4096);
  for (std::uint32_t& word : words) word = random();
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(isa::decode(words[i++ % words.size()], extensions));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(decode_random_words);

}  // namespace

BENCHMARK_MAIN();
