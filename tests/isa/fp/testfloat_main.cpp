// Berkeley TestFloat's generator as the judge: its cases, each with the result and the flags that SoftFloat computes, against
// emu/isa/fp in all five rounding modes. The environment's HARTBEAT_TESTFLOAT names the program testfloat_gen, built with
// SPECIALIZE_TYPE=RISCV; without it, one line says SKIP.
//
// fp_testfloat [LEVEL [STRIDE [PREFIX]]]: TestFloat's level, 1 or 2; with a stride only every so-manieth case of the functions of
// three operands, which have 6 million cases a rounding mode at level 1; with a prefix only functions whose names begin so.
#include <array>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "emu/isa/fp/arithmetic.hpp"
#include "tests/isa/fp/mismatch.hpp"
#include "tests/isa/fp/operands.hpp"

namespace hartbeat::fp::testing {

namespace {

using Words = std::array<uint64_t, 3>;  // what a case's line begins with

struct Function {
  std::string name;  // as TestFloat spells it
  size_t operands;
  uint64_t (*run)(const Words&, Rounding, uint32_t& flags);
};

template <class F>
typename F::Bits bits(uint64_t word) {
  return static_cast<typename F::Bits>(word);
}

template <class F>
void add_arithmetic(std::vector<Function>& all, const std::string& format) {
  all.push_back({format + "_add", 2, [](const Words& w, Rounding r, uint32_t& flags) -> uint64_t {
                   return add<F>(bits<F>(w[0]), bits<F>(w[1]), r, flags);
                 }});
  all.push_back({format + "_sub", 2, [](const Words& w, Rounding r, uint32_t& flags) -> uint64_t {
                   return subtract<F>(bits<F>(w[0]), bits<F>(w[1]), r, flags);
                 }});
  all.push_back({format + "_mul", 2, [](const Words& w, Rounding r, uint32_t& flags) -> uint64_t {
                   return multiply<F>(bits<F>(w[0]), bits<F>(w[1]), r, flags);
                 }});
  all.push_back({format + "_div", 2, [](const Words& w, Rounding r, uint32_t& flags) -> uint64_t {
                   return divide<F>(bits<F>(w[0]), bits<F>(w[1]), r, flags);
                 }});
  all.push_back({format + "_sqrt", 1, [](const Words& w, Rounding r, uint32_t& flags) -> uint64_t {
                   return square_root<F>(bits<F>(w[0]), r, flags);
                 }});
  all.push_back({format + "_mulAdd", 3, [](const Words& w, Rounding r, uint32_t& flags) -> uint64_t {
                   return multiply_add<F>(bits<F>(w[0]), bits<F>(w[1]), bits<F>(w[2]), r, flags);
                 }});
  all.push_back({format + "_eq", 2, [](const Words& w, Rounding, uint32_t& flags) -> uint64_t {
                   return equal<F>(bits<F>(w[0]), bits<F>(w[1]), flags);
                 }});
  all.push_back({format + "_le", 2, [](const Words& w, Rounding, uint32_t& flags) -> uint64_t {
                   return less_or_equal<F>(bits<F>(w[0]), bits<F>(w[1]), flags);
                 }});
  all.push_back({format + "_lt", 2, [](const Words& w, Rounding, uint32_t& flags) -> uint64_t {
                   return less<F>(bits<F>(w[0]), bits<F>(w[1]), flags);
                 }});
}

template <class F, class Integer>
void add_integer(std::vector<Function>& all, const std::string& format, const std::string& integer) {
  using Unsigned = std::make_unsigned_t<Integer>;
  all.push_back({format + "_to_" + integer, 1, [](const Words& w, Rounding r, uint32_t& flags) -> uint64_t {
                   return static_cast<Unsigned>(to_integer<F, Integer>(bits<F>(w[0]), r, flags));
                 }});
  all.push_back({integer + "_to_" + format, 1, [](const Words& w, Rounding r, uint32_t& flags) -> uint64_t {
                   return from_integer<F, Integer>(static_cast<Integer>(static_cast<Unsigned>(w[0])), r,
                                                   flags);
                 }});
}

template <class To, class From>
void add_conversion(std::vector<Function>& all, const std::string& name) {
  all.push_back({name, 1, [](const Words& w, Rounding r, uint32_t& flags) -> uint64_t {
                   return convert<To, From>(bits<From>(w[0]), r, flags);
                 }});
}

template <class F>
void add_format(std::vector<Function>& all, const std::string& format) {
  add_arithmetic<F>(all, format);
  add_integer<F, int32_t>(all, format, "i32");
  add_integer<F, uint32_t>(all, format, "ui32");
  add_integer<F, int64_t>(all, format, "i64");
  add_integer<F, uint64_t>(all, format, "ui64");
}

std::vector<Function> functions() {
  std::vector<Function> all;
  add_format<Half>(all, "f16");
  add_format<Single>(all, "f32");
  add_format<Double>(all, "f64");
  add_conversion<Single, Half>(all, "f16_to_f32");
  add_conversion<Double, Half>(all, "f16_to_f64");
  add_conversion<Half, Single>(all, "f32_to_f16");
  add_conversion<Double, Single>(all, "f32_to_f64");
  add_conversion<Half, Double>(all, "f64_to_f16");
  add_conversion<Single, Double>(all, "f64_to_f32");
  return all;
}

// A case is a line of hexadecimal words: the operands, the result, the flags.
bool parse(const char* line, size_t operands, Words& words, Outcome& expected) {
  std::array<uint64_t, 5> read{};
  const char* at = line;
  for (size_t i = 0; i < operands + 2; ++i) {
    char* end = nullptr;
    read[i] = std::strtoull(at, &end, 16);
    if (end == at) return false;
    at = end;
  }
  for (size_t i = 0; i < operands; ++i) words[i] = read[i];
  expected = {read[operands], static_cast<uint32_t>(read[operands + 1])};
  return true;
}

// False if the generator did not do as it should.
bool judge(const std::string& generator, const std::string& level, uint64_t stride, const Function& function,
           Rounding rounding, Mismatches& mismatches) {
  static constexpr const char* modes[] = {"-rnear_even", "-rminMag", "-rmin", "-rmax", "-rnear_maxMag"};
  const std::string command = "'" + generator + "' " + modes[static_cast<int>(rounding)] +
                              " -tininessafter -exact -level " + level + " " + function.name + " 2>/dev/null";
  FILE* cases = popen(command.c_str(), "r");
  if (cases == nullptr) return false;
  char line[160];
  uint64_t count = 0;
  bool well = true;
  while (well && std::fgets(line, sizeof line, cases) != nullptr) {
    if (count++ % stride != 0) continue;
    Words words{};
    Outcome expected{};
    well = parse(line, function.operands, words, expected);
    // The host's unit is asked in other ways when NX is raised already.
    for (const uint32_t raised : {uint32_t{0}, inexact}) {
      uint32_t flags = raised;
      const uint64_t value = function.run(words, rounding, flags);
      mismatches.check(function.name.c_str(), rounding, words[0], words[1], words[2], {value, flags},
                       {expected.value, expected.flags | raised});
    }
  }
  return pclose(cases) == 0 && well && count > 0;
}

int run(const std::string& generator, const std::string& level, uint64_t stride, const std::string& prefix) {
  uint64_t failed = 0, checked = 0;
  for (const Function& function : functions()) {
    if (!function.name.starts_with(prefix)) continue;
    Mismatches mismatches;
    for (const Rounding rounding : all_roundings) {
      if (judge(generator, level, function.operands == 3 ? stride : 1, function, rounding, mismatches))
        continue;
      std::fprintf(
          stderr, "%s made no cases of %s: HARTBEAT_TESTFLOAT must name Berkeley TestFloat's testfloat_gen\n",
          generator.c_str(), function.name.c_str());
      return 2;
    }
    std::printf("%-12s checked %10" PRIu64 "  differ %" PRIu64 "%s%s\n", function.name.c_str(),
                mismatches.checked(), mismatches.count(),
                mismatches.count() == 0 ? "" : "  first: ", mismatches.first().c_str());
    std::fflush(stdout);
    failed += mismatches.count();
    checked += mismatches.checked();
  }
  std::printf("TestFloat: %" PRIu64 " checked, %" PRIu64 " differ\n", checked, failed);
  return failed == 0 ? 0 : 1;
}

}  // namespace

}  // namespace hartbeat::fp::testing

int main(int argc, char** argv) {
  const char* generator = std::getenv("HARTBEAT_TESTFLOAT");
  if (generator == nullptr || *generator == '\0') {
    std::puts("SKIP: HARTBEAT_TESTFLOAT does not name Berkeley TestFloat's testfloat_gen");
    return 77;
  }
  const uint64_t stride = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  return hartbeat::fp::testing::run(generator, argc > 1 ? argv[1] : "1", stride == 0 ? 1 : stride,
                                    argc > 3 ? argv[3] : "");
}
