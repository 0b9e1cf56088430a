// The host's ends of the guest's character devices: buffered output, and input that is taken only when the
// guest asks.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>

namespace hartbeat {

// Output to a host file descriptor, which stays the caller's. Written out at a newline, when large, and at
// the end.
class HostOutput {
 public:
  explicit HostOutput(int descriptor) : descriptor_(descriptor) {}
  ~HostOutput() { flush(); }
  // Called before anything is written, with whether that ends a line: whatever else is on the terminal's line
  // can go.
  using BeforeWrite = std::function<void(bool ends_line)>;
  void on_write(BeforeWrite before_write) { before_write_ = std::move(before_write); }
  HostOutput(const HostOutput&) = delete;
  HostOutput& operator=(const HostOutput&) = delete;

  void put(std::span<const std::uint8_t> bytes);
  void put(std::uint8_t byte) { put({&byte, 1}); }
  // Writes what is buffered. What the host does not take (a closed pipe) is dropped: the guest cannot tell.
  void flush();

 private:
  static constexpr std::size_t large = 4096;
  int descriptor_;
  std::string buffer_;
  BeforeWrite before_write_;
};

// Input from a host file descriptor (-1: always at its end).
//
// A run must be a function of its input's bytes, not of when they arrived. So a guest that asks for input
// waits, in host time only, for a slow writer: for ever (Wait::until_ready), or for a grace period
// (Wait::briefly) where a guest may be asking without needing an answer. A live source (terminal) is never
// waited for with Wait::briefly.
class HostInput {
 public:
  enum class Wait { none, briefly, until_ready };

  HostInput() = default;
  explicit HostInput(int descriptor);

  // Takes at most `into.size()` bytes; 0 when there is nothing, now or ever (at_end tells).
  std::size_t read(std::span<std::uint8_t> into, Wait wait);
  bool at_end() const { return at_end_; }
  // More may come without the guest asking for it: the device has to look from time to time.
  bool live() const { return !at_end_ && kind_ != Kind::file; }
  bool is_terminal() const { return kind_ == Kind::terminal; }

  // Waits at most this long for something to read, and notices that nothing will come. For a machine that has nothing
  // else to do.
  void wait_for_data(std::chrono::milliseconds limit);

  // Called before waiting, so that a prompt is on the screen.
  void on_wait(std::function<void()> action) { before_wait_ = std::move(action); }
  // Asked when a signal has ended a wait; true gives the wait up, as if there was nothing to read.
  void on_signal(std::function<bool()> gives_up) { gives_up_ = std::move(gives_up); }
  // In a raw terminal: Ctrl-A and a key for which this says true is not passed on; Ctrl-A Ctrl-A is one Ctrl-A. After
  // Ctrl-A x there is no more input.
  void on_escape(std::function<bool(std::uint8_t key)> action) { escape_action_ = std::move(action); }
  // Called once: when the guest asks for input for the first time.
  void on_wanted(std::function<void()> action) { wanted_action_ = std::move(action); }
  void wanted() {
    if (wanted_action_) std::exchange(wanted_action_, nullptr)();
  }

 private:
  enum class Kind { file, pipe, terminal };
  bool readable(int timeout_ms) const;
  std::size_t filter_escapes(std::span<std::uint8_t> bytes);

  int descriptor_ = -1;
  Kind kind_ = Kind::file;
  bool at_end_ = true;
  bool patient_ = true;  // false after a grace period without data, until data comes
  bool escape_ = false;
  std::function<void()> before_wait_;
  std::function<bool()> gives_up_;
  std::function<bool(std::uint8_t)> escape_action_;
  std::function<void()> wanted_action_;
};

}  // namespace hartbeat
