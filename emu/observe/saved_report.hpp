// What can be made of a saved run, that is of its JSON report (docs/counters.md): the HTML page, tables, a
// comparison with another run, one fault's explanation, one moment's sharing map.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace hartbeat::observe {

// The text is no report of this program, or lacks what was asked for; the message is for the user.
struct NoSuchReport : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// One file that needs nothing beside it. Throws NoSuchReport in a program that was built without the page.
std::string to_html(const std::string& json);

// Names of the tables: "counters" (every number of the report by its key) and the report's lists.
const std::vector<std::string>& table_names();
// A table as CSV (RFC 4180), the first line naming the columns.
std::string to_csv(const std::string& json, const std::string& table);

// What changed from `a` to `b`, largest first. NoSuchReport names the one that it is about.
std::string compare_reports(const std::string& a, const std::string& b, const std::string& name_a,
                            const std::string& name_b);

// "fault:N"
std::string explain(const std::string& json, std::uint64_t fault);

// An SVG figure of a moment, from 1.
std::string sharing_figure(const std::string& json, std::uint64_t moment);

}  // namespace hartbeat::observe
