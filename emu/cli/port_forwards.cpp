#include "emu/cli/port_forwards.hpp"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

#include "emu/machine/user_error.hpp"

namespace hartbeat::cli {
namespace {

// Takes what is before `separator` off the front of `text`.
std::string_view take(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  return part;
}

bool parse_port(std::string_view text, std::uint16_t& port) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port != 0;
}

bool parse_forward(std::string_view text, PortForward& forward) {
  const std::string_view protocol = take(text, ':'), host = take(text, ':'), guest = text;
  forward.udp = protocol == "udp";
  return (forward.udp || protocol == "tcp") && parse_port(host, forward.host_port) &&
         parse_port(guest, forward.guest_port);
}

}  // namespace

std::vector<PortForward> parse_port_forwards(const std::string& network) {
  std::string_view rest = network;
  std::vector<PortForward> forwards;
  bool right = take(rest, ',') == "user" && !network.ends_with(',');
  while (right && !rest.empty()) right = parse_forward(take(rest, ','), forwards.emplace_back());
  if (right) return forwards;
  throw UserError(fmt::format(
      "--net {}: expected none, user, or user,tcp:HOST_PORT:GUEST_PORT (or udp:…) such as user,tcp:2222:22",
      network));
}

}  // namespace hartbeat::cli
