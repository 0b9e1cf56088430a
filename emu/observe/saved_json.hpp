// A saved report, taken apart.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace hartbeat::observe {

using Json = nlohmann::ordered_json;

// Throws NoSuchReport for what is none, or has another schema.
Json parse_report(const std::string& text);

}  // namespace hartbeat::observe
