#include "emu/devices/host_stream.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace hartbeat {
namespace {

constexpr int grace_ms = 250;
constexpr std::uint8_t escape_key = 1;  // Ctrl-A

}  // namespace

void HostOutput::put(std::span<const std::uint8_t> bytes) {
  buffer_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (buffer_.size() >= large || std::find(bytes.begin(), bytes.end(), '\n') != bytes.end()) flush();
}

void HostOutput::flush() {
  if (buffer_.empty()) return;
  if (before_write_) before_write_(buffer_.back() == '\n');
  std::size_t done = 0;
  while (done < buffer_.size()) {
    const ssize_t written = ::write(descriptor_, buffer_.data() + done, buffer_.size() - done);
    if (written > 0) {
      done += static_cast<std::size_t>(written);
    } else if (written < 0 && errno == EAGAIN) {
      pollfd wait{descriptor_, POLLOUT, 0};
      ::poll(&wait, 1, -1);
    } else if (written == 0 || errno != EINTR) {
      break;
    }
  }
  buffer_.clear();
}

HostInput::HostInput(int descriptor) : descriptor_(descriptor), at_end_(descriptor < 0) {
  struct stat status {};
  if (descriptor < 0) return;
  if (::isatty(descriptor)) {
    kind_ = Kind::terminal;
  } else if (::fstat(descriptor, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode))) {
    kind_ = Kind::pipe;
  }
}

bool HostInput::readable(int timeout_ms) const {
  pollfd wait{descriptor_, POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&wait, 1, timeout_ms);
  } while (ready < 0 && errno == EINTR && !(gives_up_ && gives_up_()));
  return ready > 0;
}

void HostInput::wait_for_data(std::chrono::milliseconds limit) {
  if (!live()) return;
  if (before_wait_) before_wait_();
  if (!readable(static_cast<int>(limit.count()))) return;
  // Readable with nothing to read: the other end is closed. Known without a guest that reads.
  int waiting = 0;
  if (kind_ == Kind::pipe && ::ioctl(descriptor_, FIONREAD, &waiting) == 0 && waiting == 0) at_end_ = true;
}

std::size_t HostInput::read(std::span<std::uint8_t> into, Wait wait) {
  while (!at_end_ && !into.empty()) {
    if (kind_ != Kind::file && !readable(0)) {
      const bool grace = wait == Wait::briefly && kind_ == Kind::pipe && patient_;
      if (wait != Wait::until_ready && !grace) return 0;
      if (before_wait_) before_wait_();
      patient_ = readable(grace ? grace_ms : -1);
      if (!patient_) return 0;
    }
    const ssize_t got = ::read(descriptor_, into.data(), into.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) {
      at_end_ = true;
      return 0;
    }
    patient_ = true;
    const std::size_t kept = escape_action_ ? filter_escapes(into.first(static_cast<std::size_t>(got)))
                                            : static_cast<std::size_t>(got);
    if (kept != 0) return kept;
  }
  return 0;
}

std::size_t HostInput::filter_escapes(std::span<std::uint8_t> bytes) {
  std::size_t kept = 0;
  for (const std::uint8_t byte : bytes) {
    if (!escape_ && byte == escape_key) {
      escape_ = true;
      continue;
    }
    const bool taken = escape_ && byte != escape_key && escape_action_(byte);
    at_end_ |= taken && byte == 'x';
    escape_ = false;
    if (!taken) bytes[kept++] = byte;
  }
  return kept;
}

}  // namespace hartbeat
