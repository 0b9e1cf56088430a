// The guest's network as QEMU's "user" one: libslirp answers for 10.0.2.0/24 and passes TCP, UDP and ping on through ordinary
// sockets of the host. 10.0.2.2 is the host itself, 10.0.2.3 a name server, 10.0.2.15 the guest's address by DHCP.
#pragma once

#include <memory>
#include <span>

#include "emu/cli/port_forwards.hpp"
#include "emu/devices/virtio/network.hpp"

namespace hartbeat::cli {

// Throws UserError when a port of the host is taken, or libslirp is not installed: it is loaded only here, since it and what it needs would lengthen the
// start of every run.
std::shared_ptr<virtio::EthernetLink> open_user_network(std::span<const PortForward> forwards);

}  // namespace hartbeat::cli
