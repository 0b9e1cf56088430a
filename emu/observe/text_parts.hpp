// Parts of the text reports, those of one screen and those of all.
#pragma once

#include <string>

#include "emu/observe/report.hpp"

namespace hartbeat::observe {

// What was run on what, and how it ended.
std::string head(const Report& report);
// The stores whose copies cost most.
std::string copy_places(const CowFigures& cow, std::size_t most);
std::string frames_text(const FrameFigures& frames);
std::string out_of_memory(const KernelFigures& kernel);
std::string unknown_system_calls(const KernelFigures& kernel);
// A table of what the kernel tells otherwise than the hardware.
std::string disagreement(const Comparison& comparison);
// What ended a process, in full.
std::string faults_in_words(const Report& report);
// "exit 3", "signal 11", "alive".
std::string ending_of(const ProcessFigures& process);
// "a.out(2)", "kernel and idle"
std::string name_of(const ProcessFigures& process);

}  // namespace hartbeat::observe
