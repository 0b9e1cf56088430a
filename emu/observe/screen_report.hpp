// The report for people, on one screen: what cost most first, and of each table only its beginning.
// text_report.hpp has all of it.
#pragma once

#include <string>

#include "emu/observe/report.hpp"

namespace hartbeat::observe {

inline constexpr std::size_t screen_lines = 48, screen_columns = 110;

std::string to_screen(const Report& report);

}  // namespace hartbeat::observe
