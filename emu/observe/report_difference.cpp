// Two saved reports side by side.
#include <algorithm>
#include <array>
#include <cstdio>
#include <initializer_list>
#include <map>

#include "emu/observe/saved_json.hpp"
#include "emu/observe/saved_report.hpp"
#include "emu/observe/text_table.hpp"

namespace hartbeat::observe {
namespace {

using enum TextTable::Align;
constexpr std::size_t most_rows = 24;

struct Change {
  std::string key;
  std::uint64_t before = 0, after = 0;
  std::uint64_t size() const { return before > after ? before - after : after - before; }
};

// What is counted: numbers of different units do not compare.
enum class Unit : std::uint8_t { cycles, events, bytes };

Unit unit_of(const std::string& key) {
  const auto has = [&](std::initializer_list<const char*> words) {
    return std::any_of(words.begin(), words.end(),
                       [&](const char* word) { return key.find(word) != std::string::npos; });
  };
  if (has({"cycles", "latency", "stalls", "steps.", "phases."})) return Unit::cycles;
  return has({"bytes", "fill_reach"}) ? Unit::bytes : Unit::events;
}

// What is no counter, and what is derived from others.
bool is_left_out(const std::string& name) {
  static const char* const names[] = {
      "schema", "exit_status", "pid",     "parent",   "hart",  "wait_status", "configuration",  "spread",
      "cow",    "comparison",  "sharing", "timeline", "walks", "left_out",    "events_left_out"};
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// Whole numbers by key. Of the lists only harts and processes are compared.
void collect(const Json& value, const std::string& key, std::map<std::string, std::uint64_t>& into) {
  if (value.is_number_unsigned()) {
    into[key] = value.get<std::uint64_t>();
  } else if (value.is_object()) {
    for (const auto& [name, part] : value.items()) {
      if (!is_left_out(name)) collect(part, key.empty() ? name : key + "." + name, into);
    }
  } else if (value.is_array() && (key == "harts" || key == "processes")) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      const bool process = key == "processes" && value[i].is_object();
      const std::string index = process
                                    ? value[i].value("pid", Json(i)).dump() + " " + value[i].value("name", "")
                                    : std::to_string(i);
      collect(value[i], key + "[" + index + "]", into);
    }
  }
}

Json read(const std::string& json, const std::string& name, std::map<std::string, std::uint64_t>& into) try {
  const Json report = parse_report(json);
  collect(report, "", into);
  return report;
} catch (const NoSuchReport& error) {
  throw NoSuchReport(name + ": " + error.what());
} catch (const Json::exception& error) {
  throw NoSuchReport(name + ": the report is damaged: " + error.what());
}

std::string signed_change(const Change& change) {
  return (change.after > change.before ? "+" : "-") + grouped(change.size());
}

std::string relative(const Change& change) {
  if (change.before == 0) return "new";
  char text[32];
  const double percent = 100.0 * (static_cast<double>(change.after) - static_cast<double>(change.before)) /
                         static_cast<double>(change.before);
  std::snprintf(text, sizeof text, "%+.1f %%", percent);
  return text;
}

std::string table(const std::string& title, std::vector<Change> changes) {
  if (changes.empty()) return "";
  std::stable_sort(changes.begin(), changes.end(),
                   [](const Change& a, const Change& b) { return a.size() > b.size(); });
  TextTable table;
  table.column(title, left).column("A").column("B").column("change").column("");
  for (std::size_t i = 0; i < std::min(changes.size(), most_rows); ++i) {
    const Change& change = changes[i];
    table.row(
        {change.key, grouped(change.before), grouped(change.after), signed_change(change), relative(change)});
  }
  std::string text = "\n" + table.text();
  if (changes.size() > most_rows) text += "  … " + grouped(changes.size() - most_rows) + " smaller changes\n";
  return text;
}

}  // namespace

std::string compare_reports(const std::string& a, const std::string& b, const std::string& name_a,
                            const std::string& name_b) {
  std::map<std::string, std::uint64_t> before, after;
  const Json reports[2] = {read(a, name_a, before), read(b, name_b, after)};
  for (const auto& [key, value] : before) after.try_emplace(key, 0);
  std::array<std::vector<Change>, 3> changes;  // by unit
  std::size_t equal = 0;
  for (const auto& [key, value] : after) {
    const auto found = before.find(key);
    const Change change{key, found == before.end() ? 0 : found->second, value};
    if (change.size() == 0)
      ++equal;
    else
      changes[static_cast<std::size_t>(unit_of(key))].push_back(change);
  }
  std::string text = "A: " + name_a + "\nB: " + name_b + "\n";
  for (const char* key : {"program", "arguments", "machine", "memory_bytes", "timing", "configuration"}) {
    if (reports[0].value(key, Json()) != reports[1].value(key, Json()))
      text += "They differ in " + std::string(key) + ".\n";
  }
  if (equal == after.size()) text += "\nNothing counted has changed.\n";
  const auto& [cycles, events, bytes] = changes;
  return text + table("cycles, largest change first", cycles) +
         table("events, largest change first", events) + table("bytes, largest change first", bytes) + "\n" +
         grouped(equal) + " counters are equal.\n";
}

}  // namespace hartbeat::observe
