#include "emu/timing/cva6/interconnect.hpp"

#include "emu/timing/cva6/byte_lanes.hpp"

namespace hartbeat::timing::cva6 {

void ClintWires::write(std::uint64_t address, std::uint64_t data, std::uint8_t byte_enable,
                       std::uint64_t cycle) {
  ++writes_;
  const std::uint64_t offset = (address - base) & ~std::uint64_t{7};
  if (offset < 0x4000) {
    for (unsigned half = 0; half < 2; ++half) {
      const std::uint64_t hart = offset / 4 + half;
      if (hart >= harts_.size() || !((byte_enable >> (4 * half)) & 1)) continue;
      Hart& h = harts_[hart];
      h.msip_before = cycle > h.msip_since ? h.msip : h.msip_before;
      h.msip = (data >> (32 * half)) & 1;
      h.msip_since = cycle;
    }
  } else if (offset < 0xBFF8) {
    const std::uint64_t hart = (offset - 0x4000) / 8;
    if (hart >= harts_.size()) return;
    Hart& h = harts_[hart];
    h.compare_before = cycle > h.compare_since ? h.compare : h.compare_before;
    h.compare = merge_lanes(h.compare, data, byte_enable);
    h.compare_since = cycle;
  } else if (offset == 0xBFF8) {
    mtime_offset_ = merge_lanes(cycle + mtime_offset_, data, byte_enable) - cycle - 1;
  }
}

std::uint64_t ClintWires::next_rise(unsigned hart, std::uint64_t cycle) const {
  const Hart& h = harts_[hart];
  if (h.msip && cycle <= h.msip_since) return h.msip_since + 1;
  const std::uint64_t now = mtime(cycle);
  if (h.compare <= now) return cycle <= h.compare_since ? h.compare_since + 1 : cycle;
  const std::uint64_t wait = h.compare - now;
  return wait > never_cycle - cycle ? never_cycle : cycle + wait;
}

MemoryAnswer Interconnect::read_layers(std::uint64_t address, unsigned beats, std::uint64_t cycle) {
  return memory_.l2.enabled ? l2_.access(address, false, cycle, main_memory_)
                            : main_memory_.read(address, beats, cycle);
}

std::uint64_t Interconnect::write_layers(std::uint64_t address, std::uint64_t cycle) {
  return memory_.l2.enabled ? l2_.access(address, true, cycle, main_memory_).first
                            : main_memory_.write(address, 1, cycle);
}

void Interconnect::rehearse_layers(bool on) {
  l2_.rehearse(on);
  if (on)
    saved_memory_ = main_memory_;
  else
    main_memory_ = *saved_memory_;
}

}  // namespace hartbeat::timing::cva6
