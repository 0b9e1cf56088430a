// A saved report as CSV.
#include <algorithm>
#include <map>

#include "emu/observe/saved_json.hpp"
#include "emu/observe/saved_report.hpp"

namespace hartbeat::observe {
namespace {

using Pointer = Json::json_pointer;

// Where the lists are; their entries become rows.
const std::map<std::string, std::string>& lists() {
  static const std::map<std::string, std::string> paths = {{"harts", "/harts"},
                                                           {"processes", "/processes"},
                                                           {"copies", "/kernel/cow/copies"},
                                                           {"copy-sites", "/kernel/cow/sites"},
                                                           {"forks", "/kernel/cow/forks"},
                                                           {"shootdowns", "/kernel/shootdowns/events"},
                                                           {"faults", "/faults/list"},
                                                           {"timeline", "/timeline/spans"}};
  return paths;
}

std::string cell(const Json& value) {
  if (value.is_null()) return "";
  if (!value.is_string()) return value.dump();
  const std::string text = value.get<std::string>();
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

// Every number and text below `value`, by its dotted key. Lists in a list's entry are left out of a row.
void flatten(const Json& value, const std::string& key, bool with_lists,
             std::vector<std::pair<std::string, std::string>>& into) {
  const std::string prefix = key.empty() ? "" : key + ".";
  if (value.is_object()) {
    for (const auto& [name, part] : value.items()) flatten(part, prefix + name, with_lists, into);
  } else if (value.is_array()) {
    if (!with_lists) return into.emplace_back(key, std::to_string(value.size())), void();
    for (std::size_t i = 0; i < value.size(); ++i)
      flatten(value[i], prefix + std::to_string(i), with_lists, into);
  } else {
    into.emplace_back(key, cell(value));
  }
}

// The lists have tables of their own.
std::string counters(Json report) {
  for (const auto& [name, path] : lists()) {
    if (name == "harts" || name == "processes") continue;
    const Pointer at(path);
    if (report.contains(at)) report[at.parent_pointer()].erase(at.back());
  }
  report.erase("sharing");
  report.erase("walks");
  report.erase("configuration");
  std::vector<std::pair<std::string, std::string>> rows;
  flatten(report, "", true, rows);
  std::string text = "key,value\n";
  for (const auto& [key, value] : rows) text += key + "," + value + "\n";
  return text;
}

std::string list(const Json& report, const std::string& path) {
  const Pointer at(path);
  if (!report.contains(at)) return "";
  std::vector<std::string> columns;
  std::vector<std::map<std::string, std::string>> rows;
  for (const Json& entry : report[at]) {
    std::vector<std::pair<std::string, std::string>> cells;
    flatten(entry, "", false, cells);
    for (const auto& [key, value] : cells) {
      if (std::find(columns.begin(), columns.end(), key) == columns.end()) columns.push_back(key);
    }
    rows.emplace_back(cells.begin(), cells.end());
  }
  std::string text;
  for (std::size_t i = 0; i < columns.size(); ++i) text += (i == 0 ? "" : ",") + columns[i];
  text += "\n";
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto found = row.find(columns[i]);
      text += (i == 0 ? "" : ",") + (found == row.end() ? std::string() : found->second);
    }
    text += "\n";
  }
  return text;
}

}  // namespace

const std::vector<std::string>& table_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all = {"counters"};
    for (const auto& [name, path] : lists()) all.push_back(name);
    return all;
  }();
  return names;
}

std::string to_csv(const std::string& json, const std::string& table) try {
  const Json report = parse_report(json);
  if (table == "counters") return counters(report);
  const auto found = lists().find(table);
  if (found == lists().end()) throw NoSuchReport("there is no table " + table);
  return list(report, found->second);
} catch (const Json::exception& error) {
  throw NoSuchReport(std::string("the report is damaged: ") + error.what());
}

}  // namespace hartbeat::observe
