// PLIC: routes device interrupts to harts by priority (RISC-V PLIC specification 1.0.0, SiFive layout).
// Level-triggered sources only; contexts 2h and 2h+1 are M-mode and S-mode of hart h, as on QEMU's virt
// board.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "emu/devices/board.hpp"

namespace hartbeat {

class Plic {
 public:
  static constexpr PhysAddr base{0xc00'0000};
  static constexpr std::uint64_t size = 0x60'0000;
  static constexpr unsigned sources = 96;  // ids 1 … 95; id 0 is reserved
  static constexpr std::uint32_t max_priority = 7;
  static constexpr unsigned seip = 9, meip = 11;  // bits of mip

  Plic(unsigned harts, Board& board);

  bool read(std::uint64_t offset, unsigned size, Cycle now, std::uint64_t& value);
  bool write(std::uint64_t offset, unsigned size, std::uint64_t value, Cycle now);

  // The level of a source's wire. Its gateway forwards one request, and the next one only after completion.
  void set_level(unsigned source, bool level);
  // A source that announces an event instead of holding its wire. One that happens while a request is in flight is
  // remembered for after the completion, unless it is withdrawn before.
  void set_event(unsigned source, bool happened);

 private:
  using SourceBits = std::array<std::uint32_t, sources / 32>;
  struct Context {
    SourceBits enabled{};
    std::uint32_t threshold = 0;
    bool raised = false;
  };
  unsigned best(const Context& context, std::uint32_t above) const;
  std::uint32_t claim(Context& context);
  void complete(Context& context, std::uint32_t source);
  void update();
  std::uint32_t read_word(std::uint64_t offset);
  void write_word(std::uint64_t offset, std::uint32_t value);

  std::array<std::uint32_t, sources> priority_{};
  SourceBits level_{}, pending_{}, claimed_{}, remembered_{};
  std::vector<Context> contexts_;
  Board& board_;
};

// A device's wire to the PLIC.
class InterruptLine {
 public:
  InterruptLine() = default;
  InterruptLine(Plic& plic, unsigned source) : plic_(&plic), source_(source) {}
  void set(bool level) {
    if (plic_ == nullptr || level == level_) return;
    level_ = level;
    plic_->set_level(source_, level);
  }
  void announce(bool happened) {
    if (plic_ != nullptr) plic_->set_event(source_, happened);
  }

 private:
  Plic* plic_ = nullptr;
  unsigned source_ = 0;
  bool level_ = false;
};

}  // namespace hartbeat
