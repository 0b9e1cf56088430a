// The report for people: one screen of text, what cost most first.
#pragma once

#include <string>

#include "emu/observe/report.hpp"

namespace hartbeat::observe {

std::string to_text(const Report& report);

}  // namespace hartbeat::observe
