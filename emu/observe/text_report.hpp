// The report for people, every table of it; screen_report.hpp is its first page.
#pragma once

#include <string>

#include "emu/observe/report.hpp"

namespace hartbeat::observe {

std::string to_full_text(const Report& report);

}  // namespace hartbeat::observe
