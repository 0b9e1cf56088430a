#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "emu/cli/user_network.hpp"

using namespace hartbeat;
using Catch::Matchers::Contains;

namespace {

using Frame = std::vector<std::uint8_t>;

// Ethernet and ARP: who has 10.0.2.2? Tell 10.0.2.15.
const Frame arp_request = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0,    0x12, 0x34, 0x56, 8,    6,
                           0,    1,    8,    0,    6,    4,    0,    1,    0x52, 0x54, 0,    0x12, 0x34, 0x56,
                           10,   0,    2,    15,   0,    0,    0,    0,    0,    0,    10,   0,    2,    2};

}  // namespace

TEST_CASE("a network is asked for with its ports, and a mistake in it says what is expected") {
  CHECK(cli::parse_port_forwards("user").empty());
  const auto forwards = cli::parse_port_forwards("user,tcp:2222:22,udp:5353:53");
  REQUIRE(forwards.size() == 2);
  CHECK_FALSE(forwards[0].udp);
  CHECK(forwards[0].host_port == 2222);
  CHECK(forwards[0].guest_port == 22);
  CHECK(forwards[1].udp);
  for (const char* text : {"", "tap", "user,", "user,tcp:22", "user,tcp:0:22", "user,tcp:2222:22:1",
                           "user,tcp:70000:22", "user,sctp:1:2", "user,tcp:a:b", "user,,tcp:1:2"})
    CHECK_THROWS_WITH(cli::parse_port_forwards(text), Contains("expected none, user, or user,tcp:"));
}

TEST_CASE("the guest's own network answers for the host") {
  const auto network = cli::open_user_network({});
  network->send(arp_request);
  const Frame answer = network->receive();
  REQUIRE(answer.size() >= 42);
  CHECK(answer[21] == 2);                                                         // ARP reply
  CHECK(Frame(answer.begin() + 28, answer.begin() + 32) == Frame{10, 0, 2, 2});   // of the host
  CHECK(Frame(answer.begin() + 38, answer.begin() + 42) == Frame{10, 0, 2, 15});  // to us
  CHECK(network->receive().empty());
}

TEST_CASE("nonsense from the guest does not trouble the network") {
  const auto network = cli::open_user_network({});
  for (std::size_t size = 1; size < 200; ++size) network->send(Frame(size, 0xff));
  Frame cut = arp_request;
  for (; !cut.empty(); cut.pop_back()) network->send(cut);
  network->work(std::chrono::milliseconds(0));
  network->send(arp_request);
  CHECK_FALSE(network->receive().empty());
}

TEST_CASE("who connects to a forwarded port is announced to the guest, and a port is taken only once") {
  const int probe = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof name;
  REQUIRE(::bind(probe, reinterpret_cast<sockaddr*>(&name), size) == 0);
  REQUIRE(::getsockname(probe, reinterpret_cast<sockaddr*>(&name), &size) == 0);
  ::close(probe);
  const cli::PortForward forward{false, ntohs(name.sin_port), 22};
  const auto network = cli::open_user_network({&forward, 1});
  CHECK_THROWS_WITH(cli::open_user_network({&forward, 1}), Contains("cannot be used for the guest"));
  network->send(arp_request);  // so that it knows where 10.0.2.15 is
  REQUIRE_FALSE(network->receive().empty());
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  REQUIRE(::connect(client, reinterpret_cast<sockaddr*>(&name), size) == 0);
  Frame frame;
  for (int i = 0; i < 100 && frame.empty(); ++i) {
    network->work(std::chrono::milliseconds(10));
    frame = network->receive();
  }
  ::close(client);
  REQUIRE_FALSE(frame.empty());
  REQUIRE(frame.size() >= 54);
  CHECK(frame[23] == 6);                      // TCP
  CHECK((frame[36] << 8 | frame[37]) == 22);  // to the guest's port
  CHECK((frame[47] & 0x3f) == 2);             // SYN
}
