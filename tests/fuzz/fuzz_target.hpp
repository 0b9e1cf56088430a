// A fuzz target is libFuzzer's LLVMFuzzerTestOneInput and a few inputs to start from. Linked with
// replay_main.cpp it is an ordinary program, and a test; linked by clang with -fsanitize=fuzzer (target
// `fuzzers`) it searches by coverage.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace hartbeat::fuzz {

using Input = std::vector<std::uint8_t>;

// What the replay program runs and mutates.
std::vector<Input> seeds();

// Ends the program if a property does not hold: both libFuzzer and CTest take it for a finding.
inline void require(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: violated: %s\n", property);
  std::abort();
}

}  // namespace hartbeat::fuzz
