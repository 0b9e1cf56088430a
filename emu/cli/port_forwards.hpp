// --net: what the guest's network lets in from the host.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hartbeat::cli {

// Connections to a port of the host's loopback address go to the guest at 10.0.2.15.
struct PortForward {
  bool udp = false;
  std::uint16_t host_port = 0, guest_port = 0;
};

// Of "user", then ",tcp:HOST_PORT:GUEST_PORT" or ",udp:…" any number of times. Throws UserError for anything else.
std::vector<PortForward> parse_port_forwards(const std::string& network);

}  // namespace hartbeat::cli
