// The 128-bit integer of GCC and Clang.
#pragma once

namespace hartbeat::fp {

__extension__ typedef unsigned __int128 Wide;  // __extension__ because ISO C++ has no such type

}  // namespace hartbeat::fp
