// Counts disagreements and keeps the first one as text, so that a loop of millions costs one assertion.
#pragma once

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <string>

#include "emu/isa/fp/format.hpp"

namespace hartbeat::fp::testing {

struct Outcome {
  uint64_t value;
  uint32_t flags;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

class Mismatches {
 public:
  void check(const char* operation, Rounding rounding, uint64_t a, uint64_t b, uint64_t c, Outcome got,
             Outcome expected) {
    ++checked_;
    if (got == expected) return;
    if (count_++ != 0) return;
    char text[320];
    std::snprintf(text, sizeof text,
                  "%s rm=%d a=%#" PRIx64 " b=%#" PRIx64 " c=%#" PRIx64 ": got %#" PRIx64
                  " flags %#x, expected %#" PRIx64 " flags %#x",
                  operation, static_cast<int>(rounding), a, b, c, got.value, got.flags, expected.value,
                  expected.flags);
    first_ = text;
  }
  uint64_t count() const { return count_; }
  uint64_t checked() const { return checked_; }
  const std::string& first() const { return first_; }

 private:
  uint64_t count_ = 0;
  uint64_t checked_ = 0;
  std::string first_;
};

}  // namespace hartbeat::fp::testing
