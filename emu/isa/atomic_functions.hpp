// The functions of the AMOs: new memory value from the old one and rs2. T is the signed type of the access,
// so that what a view puts into rd is sign-extended for every AMO, the unsigned ones included.
#pragma once

#include <algorithm>
#include <type_traits>

namespace hartbeat::isa::atomic {

template <class T>
constexpr std::make_unsigned_t<T> bits(T v) {
  return static_cast<std::make_unsigned_t<T>>(v);
}

inline constexpr auto exchanged = []<class T>(T, T source) { return source; };
inline constexpr auto sum = []<class T>(T old, T source) { return static_cast<T>(bits(old) + bits(source)); };
inline constexpr auto exclusive_or = []<class T>(T old, T source) { return static_cast<T>(old ^ source); };
inline constexpr auto conjunction = []<class T>(T old, T source) { return static_cast<T>(old & source); };
inline constexpr auto disjunction = []<class T>(T old, T source) { return static_cast<T>(old | source); };
inline constexpr auto minimum = []<class T>(T old, T source) { return std::min(old, source); };
inline constexpr auto maximum = []<class T>(T old, T source) { return std::max(old, source); };
inline constexpr auto minimum_unsigned = []<class T>(T old, T source) {
  return bits(old) < bits(source) ? old : source;
};
inline constexpr auto maximum_unsigned = []<class T>(T old, T source) {
  return bits(old) > bits(source) ? old : source;
};

}  // namespace hartbeat::isa::atomic
