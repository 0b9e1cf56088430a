// The set with every extension on, for tests.
#pragma once

#include "emu/isa/row.hpp"

namespace hartbeat::isa {

inline ExtensionSet all_extensions() {
  ExtensionSet set;
  for (unsigned e = 0; e < static_cast<unsigned>(Extension::count_); ++e) set.set(static_cast<Extension>(e));
  return set;
}

}  // namespace hartbeat::isa
