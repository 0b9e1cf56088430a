// What a cache-block instruction asks for.
#pragma once

#include <cstdint>

namespace hartbeat::isa {

enum class CacheBlock : std::uint8_t { inval, clean, flush, zero };

inline constexpr std::uint64_t cache_block_bytes = 64;  // Zic64b

}  // namespace hartbeat::isa
