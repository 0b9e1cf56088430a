// The host's terminal in raw mode, for guests that drive a serial line themselves.
#pragma once

#include "emu/devices/virtio/console.hpp"

namespace hartbeat::cli {

// Of the window that standard output goes to; no columns and rows when it has none.
virtio::WindowSize window_size();

// Puts standard input into raw mode, if it is a terminal, and back at the end: of this object, of the
// program, and before a signal kills it. Keys that send signals (Ctrl-C) still do, until pass_all_keys(). At most one at a
// time.
class RawTerminal {
 public:
  // `raw_output`: the guest says itself where lines begin.
  explicit RawTerminal(bool raw_output);
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
  bool active() const { return active_; }
  // The guest listens: Ctrl-C is its own, like every other key.
  void pass_all_keys();

 private:
  bool active_ = false;
};

}  // namespace hartbeat::cli
