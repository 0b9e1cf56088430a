// Events as a hart would send them, for tests of listeners.
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string_view>

#include "emu/hart/events.hpp"

namespace hartbeat::test {

inline EventSite site(std::uint32_t hart, std::uint64_t cycle) {
  EventSite at;
  at.hart = {hart};
  at.cycle = {cycle};
  at.privilege = mmu::Privilege::supervisor;
  return at;
}

inline TracepointEvent tracepoint(abi::Tracepoint number, std::uint32_t hart, std::uint64_t cycle,
                                  std::initializer_list<std::uint64_t> arguments = {}) {
  TracepointEvent event;
  event.site = site(hart, cycle);
  event.number = number;
  unsigned i = 0;
  for (const std::uint64_t argument : arguments) event.arguments[i++] = argument;
  return event;
}

inline TracepointEvent process_named(std::uint64_t pid, std::string_view name) {
  TracepointEvent event = tracepoint(abi::Tracepoint::process_name, 0, 0, {pid});
  std::memcpy(&event.arguments[1], name.data(), name.size());
  return event;
}

}  // namespace hartbeat::test
