// The report as JSON: `--stats json`, a stable interface (docs/counters.md).
#pragma once

#include <string>

#include "emu/observe/report.hpp"

namespace hartbeat::observe {

inline constexpr int json_schema_version = 3;

// One document with a final line feed. Equal reports give equal bytes.
std::string to_json(const Report& report);

}  // namespace hartbeat::observe
