// What floating-point arithmetic costs the host: the fast path through the host's FPU, and the reference
// implementation that the corner cases and other rounding modes take. Not a test: run by hand.
#include <benchmark/benchmark.h>

#include <bit>
#include <cstdint>
#include <random>
#include <vector>

#include "emu/isa/fp/arithmetic.hpp"

namespace {

using namespace hartbeat::fp;

std::vector<std::uint64_t> operands() {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> number(-1e6, 1e6);
  std::vector<std::uint64_t> result(1024);
  for (std::uint64_t& bits : result) bits = std::bit_cast<std::uint64_t>(number(random));
  return result;
}

template <class Operation>
void measure(benchmark::State& state, Operation operation) {
  const auto values = operands();
  std::uint32_t fflags = 0;
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        operation(values[i % 1024], values[(i + 1) % 1024], values[(i + 2) % 1024], fflags));
    ++i;
  }
  benchmark::DoNotOptimize(fflags);
  state.SetItemsProcessed(state.iterations());
}

template <Rounding rounding>
void add_double(benchmark::State& state) {
  measure(state, [](auto a, auto b, auto, auto& fflags) { return add<Double>(a, b, rounding, fflags); });
}
template <Rounding rounding>
void multiply_double(benchmark::State& state) {
  measure(state, [](auto a, auto b, auto, auto& fflags) { return multiply<Double>(a, b, rounding, fflags); });
}
template <Rounding rounding>
void divide_double(benchmark::State& state) {
  measure(state, [](auto a, auto b, auto, auto& fflags) { return divide<Double>(a, b, rounding, fflags); });
}
template <Rounding rounding>
void multiply_add_double(benchmark::State& state) {
  measure(state, [](auto a, auto b, auto c, auto& fflags) {
    return multiply_add<Double>(a, b, c, rounding, fflags);
  });
}

BENCHMARK(add_double<Rounding::rne>);
BENCHMARK(add_double<Rounding::rtz>);
BENCHMARK(multiply_double<Rounding::rne>);
BENCHMARK(multiply_double<Rounding::rtz>);
BENCHMARK(divide_double<Rounding::rne>);
BENCHMARK(divide_double<Rounding::rtz>);
BENCHMARK(multiply_add_double<Rounding::rne>);
BENCHMARK(multiply_add_double<Rounding::rtz>);

}  // namespace

BENCHMARK_MAIN();
