#include "emu/isa/overlaps.hpp"

namespace hartbeat::isa {

static_assert(is_unambiguous(row_infos), "two rows of the instruction table overlap, or share a name");

}  // namespace hartbeat::isa
