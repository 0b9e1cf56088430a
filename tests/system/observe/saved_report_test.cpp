// What is made of saved reports: tables and comparisons.
#include "emu/observe/saved_report.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "emu/observe/json_report.hpp"

using namespace hartbeat::observe;
using Json = nlohmann::ordered_json;

namespace {

Json report() {
  return {{"schema", json_schema_version},
          {"program", "a.out"},
          {"total", {{"instret", 100}, {"wfi_cycles", 7}}},
          {"harts", {{{"hart", 0}, {"instret", 60}}, {{"hart", 1}, {"instret", 40}, {"note", "a, \"b\""}}}},
          {"processes", {{{"pid", 3}, {"name", "sh"}, {"faults", 5}}}}};
}

std::string compared(const Json& a, const Json& b) { return compare_reports(a.dump(), b.dump(), "x", "y"); }

}  // namespace

TEST_CASE("A CSV table has the union of its rows' columns, empty cells, and RFC 4180's quotes") {
  CHECK(to_csv(report().dump(), "harts") == "hart,instret,note\n0,60,\n1,40,\"a, \"\"b\"\"\"\n");
}

TEST_CASE("The counters as CSV are one key and value a line") {
  const std::string text = to_csv(report().dump(), "counters");
  CHECK(text.starts_with("key,value\n"));
  CHECK(text.find("\ntotal.instret,100\n") != std::string::npos);
  CHECK(text.find("\nprocesses.0.faults,5\n") != std::string::npos);
}

TEST_CASE("A table that does not exist, or of what is no report, is refused") {
  CHECK_THROWS_AS(to_csv(report().dump(), "horses"), NoSuchReport);
  CHECK_THROWS_AS(to_csv("[]", "counters"), NoSuchReport);
  CHECK_THROWS_AS(to_csv("{\"schema\": ", "counters"), NoSuchReport);
  Json other = report();
  other["schema"] = 999;
  CHECK_THROWS_WITH(to_csv(other.dump(), "counters"), Catch::Contains("schema 999"));
}

TEST_CASE("A comparison lists the largest change first, cycles apart from events") {
  Json later = report();
  later["total"]["instret"] = 130;
  later["total"]["wfi_cycles"] = 1007;
  later["processes"][0]["faults"] = 105;
  const std::string text = compared(report(), later);
  INFO(text);
  const auto cycles = text.find("total.wfi_cycles"), faults = text.find("processes[3 sh].faults"),
             instret = text.find("total.instret");
  REQUIRE(instret != std::string::npos);
  CHECK((cycles < faults && faults < instret));
  CHECK(text.find("+30.0 %") != std::string::npos);
  CHECK(text.find("+1,000") != std::string::npos);
}

TEST_CASE("Bytes are compared apart from events, however many they are") {
  Json later = report();
  later["total"]["copied_bytes"] = 1 << 30;
  later["total"]["tlb"]["itlb"]["fill_reach"] = std::uint64_t{1} << 40;
  later["processes"][0]["faults"] = 6;
  const std::string text = compared(report(), later);
  INFO(text);
  const auto events = text.find("events, largest"), bytes = text.find("bytes, largest");
  CHECK((events < text.find("faults") && text.find("faults") < bytes));
  CHECK((bytes < text.find("fill_reach") && text.find("fill_reach") < text.find("copied_bytes")));
}

TEST_CASE("A counter that one of two reports lacks counts as 0 there; equal reports have no changes") {
  Json later = report();
  later["processes"] = Json::array();
  CHECK(compared(report(), later).find("-5") != std::string::npos);
  CHECK(compared(report(), report()).find("Nothing counted has changed") != std::string::npos);
  later = report();
  later["program"] = "b.out";
  CHECK(compared(report(), later).find("They differ in program.") != std::string::npos);
}

TEST_CASE("A comparison with a damaged report names it") {
  Json damaged = report();
  damaged["processes"][0]["name"] = 7;
  CHECK_THROWS_WITH(compared(report(), damaged), Catch::StartsWith("y: "));
  CHECK_THROWS_WITH(compare_reports("{", report().dump(), "x", "y"), Catch::StartsWith("x: "));
}
