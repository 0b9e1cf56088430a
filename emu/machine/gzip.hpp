// gzip'd files (RFC 1952), as distributions ship kernel images.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace hartbeat {

bool looks_gzipped(std::span<const std::uint8_t> bytes);

// What the file holds; at most `most_bytes`. Throws UserError, with the file's name, for damage or more than that.
std::vector<std::uint8_t> gunzip(const std::string& name, std::span<const std::uint8_t> bytes,
                                 std::uint64_t most_bytes);

}  // namespace hartbeat
