#include "emu/cli/user_network.hpp"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <poll.h>
#include <slirp/libslirp.h>

#include <algorithm>
#include <deque>
#include <list>
#include <memory>
#include <vector>

#include "emu/machine/user_error.hpp"

namespace hartbeat::cli {
namespace {

constexpr const char* library_name = "libslirp.so.0";
constexpr std::size_t most_frames = 512;

// The library's functions that are used here.
struct Library {
  decltype(&slirp_new) create = nullptr;
  decltype(&slirp_cleanup) cleanup = nullptr;
  decltype(&slirp_input) input = nullptr;
  decltype(&slirp_pollfds_fill) fill = nullptr;
  decltype(&slirp_pollfds_poll) dispatch = nullptr;
  decltype(&slirp_add_hostfwd) forward = nullptr;
};

[[noreturn]] void unusable(const char* why) {
  throw UserError(
      fmt::format("--net user needs libslirp ({}): {}; on Debian: apt install libslirp0", library_name, why));
}

template <class Function>
void look_up(void* handle, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(handle, name));
  if (function == nullptr) unusable(::dlerror());
}

// Never unloaded: it is needed to the end of the run.
Library load_library() {
  void* handle = ::dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) unusable(::dlerror());
  Library library;
  look_up(handle, "slirp_new", library.create);
  look_up(handle, "slirp_cleanup", library.cleanup);
  look_up(handle, "slirp_input", library.input);
  look_up(handle, "slirp_pollfds_fill", library.fill);
  look_up(handle, "slirp_pollfds_poll", library.dispatch);
  look_up(handle, "slirp_add_hostfwd", library.forward);
  return library;
}

std::int64_t host_nanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

in_addr address(const char* text) {
  in_addr result{};
  ::inet_pton(AF_INET, text, &result);
  return result;
}

SlirpConfig network() {
  SlirpConfig config{};
  config.version = 1;
  config.in_enabled = true;
  config.vnetwork = address("10.0.2.0");
  config.vnetmask = address("255.255.255.0");
  config.vhost = address("10.0.2.2");
  config.vdhcp_start = address("10.0.2.15");
  config.vnameserver = address("10.0.2.3");
  return config;
}

class UserNetwork final : public virtio::EthernetLink {
 public:
  explicit UserNetwork(std::span<const PortForward> forwards)
      : library_(load_library()), slirp_(nullptr, library_.cleanup) {
    const SlirpConfig config = network();
    slirp_.reset(library_.create(&config, &callbacks, this));
    if (slirp_ == nullptr) unusable("it does not start");
    for (const PortForward& forward : forwards) {
      if (library_.forward(slirp_.get(), forward.udp, address("127.0.0.1"), forward.host_port,
                           config.vdhcp_start, forward.guest_port) != 0)
        throw UserError(fmt::format(
            "--net: port {} of this host cannot be used for the guest: it is taken, or only root may",
            forward.host_port));
    }
  }
  UserNetwork(const UserNetwork&) = delete;
  UserNetwork& operator=(const UserNetwork&) = delete;

  void send(std::span<const std::uint8_t> frame) override {
    library_.input(slirp_.get(), frame.data(), static_cast<int>(frame.size()));
  }

  std::vector<std::uint8_t> receive() override {
    if (frames_.empty()) return {};
    std::vector<std::uint8_t> frame = std::move(frames_.front());
    frames_.pop_front();
    return frame;
  }

  void work(std::chrono::milliseconds limit) override {
    descriptors_.clear();
    auto milliseconds = static_cast<std::uint32_t>(frames_.empty() ? limit.count() : 0);
    library_.fill(slirp_.get(), &milliseconds, add_descriptor, this);
    const int found = ::poll(descriptors_.data(), descriptors_.size(), static_cast<int>(milliseconds));
    library_.dispatch(slirp_.get(), found < 0 ? 1 : 0, events_of, this);
    run_timers();
  }

 private:
  struct Timer {
    SlirpTimerCb action;
    void* argument;
    std::int64_t due = -1;  // milliseconds; -1: not set
  };

  static UserNetwork& self(void* opaque) { return *static_cast<UserNetwork*>(opaque); }

  // A guest that does not take its frames loses the newest, and TCP sends again.
  static ssize_t take_frame(const void* bytes, std::size_t size, void* opaque) {
    const auto* first = static_cast<const std::uint8_t*>(bytes);
    if (self(opaque).frames_.size() < most_frames) self(opaque).frames_.emplace_back(first, first + size);
    return static_cast<ssize_t>(size);
  }

  static void* new_timer(SlirpTimerCb action, void* argument, void* opaque) {
    return &self(opaque).timers_.emplace_back(Timer{action, argument});
  }
  static void free_timer(void* timer, void* opaque) {
    self(opaque).timers_.remove_if([timer](const Timer& other) { return &other == timer; });
  }
  static void set_timer(void* timer, std::int64_t due, void*) { static_cast<Timer*>(timer)->due = due; }

  void run_timers() {
    const std::int64_t now = host_nanoseconds() / 1'000'000;
    for (Timer& timer : timers_) {
      if (timer.due < 0 || timer.due > now) continue;
      timer.due = -1;
      timer.action(timer.argument);
    }
  }

  static constexpr std::pair<int, short> event_bits[] = {{SLIRP_POLL_IN, POLLIN},
                                                         {SLIRP_POLL_OUT, POLLOUT},
                                                         {SLIRP_POLL_PRI, POLLPRI},
                                                         {SLIRP_POLL_ERR, POLLERR},
                                                         {SLIRP_POLL_HUP, POLLHUP}};

  static int add_descriptor(int descriptor, int events, void* opaque) {
    pollfd entry{descriptor, 0, 0};
    for (const auto& [slirp, host] : event_bits) {
      if ((events & slirp) != 0) entry.events = static_cast<short>(entry.events | host);
    }
    self(opaque).descriptors_.push_back(entry);
    return static_cast<int>(self(opaque).descriptors_.size() - 1);
  }

  static int events_of(int index, void* opaque) {
    const short happened = self(opaque).descriptors_.at(static_cast<std::size_t>(index)).revents;
    int events = 0;
    for (const auto& [slirp, host] : event_bits) {
      if ((happened & host) != 0) events |= slirp;
    }
    return events;
  }

  static constexpr SlirpCb callbacks{
      .send_packet = take_frame,
      .guest_error = [](const char*, void*) {},  // a frame that makes no sense is dropped
      .clock_get_ns = [](void*) { return host_nanoseconds(); },
      .timer_new = new_timer,
      .timer_free = free_timer,
      .timer_mod = set_timer,
      .register_poll_fd = [](int, void*) {},
      .unregister_poll_fd = [](int, void*) {},
      .notify = [](void*) {},
      .init_completed = nullptr,
      .timer_new_opaque = nullptr,
  };

  Library library_;
  std::deque<std::vector<std::uint8_t>> frames_;
  std::list<Timer> timers_;
  std::vector<pollfd> descriptors_;
  std::unique_ptr<Slirp, decltype(&slirp_cleanup)> slirp_;  // last: at its end it still frees timers
};

}  // namespace

std::shared_ptr<virtio::EthernetLink> open_user_network(std::span<const PortForward> forwards) {
  return std::make_shared<UserNetwork>(forwards);
}

}  // namespace hartbeat::cli
