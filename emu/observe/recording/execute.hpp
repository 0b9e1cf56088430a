// Executes a retired instruction of any row on a ReplayView.
#pragma once

#include "emu/observe/recording/replay_view.hpp"

namespace hartbeat::observe::recording {

// Where it goes on. Rows of Kind::system do nothing here and fall through.
std::uint64_t execute(ReplayView& view, const isa::Operands& operands);

}  // namespace hartbeat::observe::recording
