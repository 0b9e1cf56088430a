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

// Of a shootdown, as our firmware makes them: the IPI, its trap, the fence behind it.
inline IpiEvent ipi(std::uint32_t from, std::uint32_t to, std::uint64_t cycle) {
  IpiEvent event;
  event.site = site(from, cycle);
  event.target = {to};
  return event;
}

inline TrapEvent software_interrupt(std::uint32_t hart, std::uint64_t cycle) {
  TrapEvent event;
  event.site = site(hart, cycle);
  event.interrupt = true;
  event.cause = 3;
  return event;
}

inline FenceEvent fence(std::uint32_t hart, std::uint64_t cycle, unsigned removed) {
  FenceEvent event;
  event.site = site(hart, cycle);
  event.site.privilege = mmu::Privilege::machine;
  event.removed = removed;
  return event;
}

inline TracepointEvent process_named(std::uint64_t pid, std::string_view name) {
  TracepointEvent event = tracepoint(abi::Tracepoint::process_name, 0, 0, {pid});
  std::memcpy(&event.arguments[1], name.data(), name.size());
  return event;
}

}  // namespace hartbeat::test
