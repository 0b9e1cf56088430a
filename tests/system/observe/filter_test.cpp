// --trace-filter: what expressions mean, and where their mistakes are.
#include <catch2/catch.hpp>
#include <memory>
#include <vector>

#include "emu/machine/user_error.hpp"
#include "emu/observe/trace_filter.hpp"
#include "tests/system/observe/story.hpp"

using namespace hartbeat;
using namespace hartbeat::observe;
using namespace hartbeat::test;

namespace {

using enum abi::Tracepoint;

// Notes the cycles of the fences that pass.
class Fences final : public Trace {
 public:
  explicit Fences(std::vector<std::uint64_t>& cycles) : cycles_(cycles) {}
  Wants wants() const override { return {.fences = true}; }
  void on(const FenceEvent& event) override { cycles_.push_back(event.site.cycle.value); }
  bool finish() override { return true; }

 private:
  std::vector<std::uint64_t>& cycles_;
};

// A fence of hart 0 in cycle 10 (user), of hart 1 in 20 (supervisor), after which process 3 "sh" runs on hart 1, which
// fences in 30, copies a page and fences in 40.
std::vector<std::uint64_t> passed(std::string_view expression) {
  std::vector<std::uint64_t> cycles;
  const TraceContext context;
  FilteredTrace filter(std::make_unique<Fences>(cycles), FilterExpression(expression, context), 2);
  const auto fence = [&](std::uint32_t hart, std::uint64_t cycle, mmu::Privilege privilege) {
    FenceEvent event;
    event.site = site(hart, cycle);
    event.site.privilege = privilege;
    event.site.pc = {0x1000 + cycle};
    event.site.instret = cycle / 10;
    filter.on(event);
  };
  fence(0, 10, mmu::Privilege::user);
  fence(1, 20, mmu::Privilege::supervisor);
  filter.on(tracepoint(process_switch, 1, 21, {3}));
  filter.on(process_named(3, "sh"));
  fence(1, 30, mmu::Privilege::supervisor);
  filter.on(
      tracepoint(fault_end, 1, 35, {3, 0x5000, static_cast<std::uint64_t>(abi::FaultResolution::cow_copy)}));
  fence(1, 40, mmu::Privilege::supervisor);
  return cycles;
}

using Cycles = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("Each test of a filter looks at what it names") {
  CHECK(passed("hart=0") == Cycles{10});
  CHECK(passed("privilege=u") == Cycles{10});
  CHECK(passed("privilege=s,m") == Cycles{20, 30, 40});
  CHECK(passed("cycle=20..30") == Cycles{20, 30});  // both ends belong to it
  CHECK(passed("cycle=..20") == Cycles{10, 20});
  CHECK(passed("pc=0x101e..") == Cycles{30, 40});
  CHECK(passed("instret=2,4") == Cycles{20, 40});
  CHECK(passed("pid=3") == Cycles{30, 40});
  CHECK(passed("process=sh") == Cycles{30, 40});
  CHECK(passed("process=bash").empty());
}

TEST_CASE("`from` begins with its event and `to` ends behind it, in that process only when one is named") {
  CHECK(passed("from=cow_copy") == Cycles{40});
  CHECK(passed("from=cow_copy@3") == Cycles{40});
  CHECK(passed("from=cow_copy@4").empty());
  CHECK(passed("to=cow_copy") == Cycles{10, 20, 30});
  CHECK(passed("from=fence and to=cow_copy@3") == Cycles{10, 20, 30});
  CHECK(passed("to=fence") == Cycles{10});  // the first one still belongs to it
}

TEST_CASE("`and` binds stronger than `or`, `not` stronger than both, parentheses strongest") {
  CHECK(passed("hart=0 or hart=1 and cycle=40") == Cycles{10, 40});
  CHECK(passed("(hart=0 or hart=1) and cycle=40") == Cycles{40});
  CHECK(passed("not hart=1 or cycle=30") == Cycles{10, 30});
  CHECK(passed("not (hart=1 or cycle=10)").empty());
  CHECK(passed("not not hart=0") == Cycles{10});
}

TEST_CASE("A mistake in a filter is told with its place and what was expected there") {
  const auto message = [](std::string_view expression) -> std::string {
    try {
      FilterExpression(expression, TraceContext{});
    } catch (const UserError& error) {
      return error.what();
    }
    return "";
  };
  CHECK(message("").find("character 1") != std::string::npos);
  CHECK(message("hart=0 and").find("character 11") != std::string::npos);
  CHECK(message("hart=0 hart=1").find("character 8") != std::string::npos);
  CHECK(message("(hart=0").find("character 8") != std::string::npos);
  CHECK(message("cycle=9..1").find("character 7") != std::string::npos);
  CHECK(message("hart=99999999999999999999").find("character 6") != std::string::npos);
  CHECK(message("from=breakfast").find("breakfast") != std::string::npos);
  CHECK(message("from=cow_copy@").find("character") != std::string::npos);
}
