#include "emu/machine/timing_region.hpp"

#include <fmt/format.h>

#include <charconv>

#include "emu/hart/system.hpp"
#include "emu/machine/user_error.hpp"

namespace hartbeat {

TimingPoint parse_timing_point(const std::string& text, const std::string& option, std::string& symbol_name) {
  using Kind = TimingPoint::Kind;
  const auto refuse = [&] [[noreturn]] () {
    throw UserError(
        fmt::format("{} {}: expected instret:N, cycle:N, symbol:NAME, hint:N or event:user", option, text));
  };
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos || colon + 1 == text.size()) refuse();
  const std::string kind = text.substr(0, colon), rest = text.substr(colon + 1);
  if (kind == "symbol") {
    symbol_name = rest;
    return {Kind::symbol, 0};
  }
  if (kind == "event") {
    if (rest != "user") refuse();
    return {Kind::user, 0};
  }
  TimingPoint point;
  if (kind == "instret")
    point.kind = Kind::instret;
  else if (kind == "cycle")
    point.kind = Kind::cycle;
  else if (kind == "hint")
    point.kind = Kind::hint;
  else
    refuse();
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), point.value);
  if (error != std::errc{} || end != rest.data() + rest.size()) refuse();
  return point;
}

Listener::Wants RegionWatch::wants() const {
  using Kind = TimingPoint::Kind;
  Wants wants;
  for (const TimingPoint& point : {region_.from, region_.to}) {
    wants.traps |= point.kind == Kind::user;
    wants.tracepoints |= point.kind == Kind::hint;
    wants.retired |= point.kind == Kind::symbol;
  }
  return wants;
}

void RegionWatch::reach() {
  if (system_.stop != Stop::none) return;
  reached_ = true;
  system_.end(Stop::engine, 0);
}

void RegionWatch::on(const TrapReturnEvent& event) {
  if (point_.kind == TimingPoint::Kind::user && event.target == mmu::Privilege::user) reach();
}

void RegionWatch::on(const TracepointEvent& event) {
  if (point_.kind == TimingPoint::Kind::hint && static_cast<std::uint64_t>(event.number) == point_.value)
    reach();
}

void RegionWatch::on(const RetireEvent& event) {
  if (point_.kind == TimingPoint::Kind::symbol && event.next_pc.value == point_.value) reach();
}

}  // namespace hartbeat
