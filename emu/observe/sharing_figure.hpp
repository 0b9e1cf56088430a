// A moment of the sharing map as an SVG figure: processes left and right, frames between them.
#pragma once

#include <string>

#include "emu/observe/saved_json.hpp"

namespace hartbeat::observe {

std::string draw_sharing(const Json& moment);

}  // namespace hartbeat::observe
