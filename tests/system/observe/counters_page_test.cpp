#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>
#include <set>

#include "emu/observe/counter_table.hpp"

using namespace hartbeat::observe;

TEST_CASE("docs/counters.md is what the counters' table says (hartbeat-counters-page > docs/counters.md)") {
  std::ifstream file(HARTBEAT_SOURCE_DIR "/docs/counters.md");
  REQUIRE(file);
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  CHECK(page == counters_markdown());
}

namespace {

template <class Counters>
void check_table(const Counters& counters) {
  std::set<std::string_view> keys;
  for (const auto& counter : counters) {
    CHECK(keys.insert(counter.text.key).second);
    CHECK_FALSE(counter.text.unit.empty());
    CHECK(counter.text.sentence.ends_with("."));
  }
}

}  // namespace

TEST_CASE("Every counter has a key of its own, a unit and a sentence") {
  check_table(hart_counters());
  check_table(tlb_counters());
  check_table(walker_counters());
  check_table(copy_counters());
  check_table(copy_use_counters());
  check_table(fork_counters());
  check_table(shootdown_counters());
  check_table(frame_counters());
  check_table(reference_counters());
  check_table(reference_table_counters());
  check_table(large_page_counters());
  check_table(hardware_counters());
}
