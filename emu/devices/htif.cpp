#include "emu/devices/htif.hpp"

#include <cstring>

namespace hartbeat {
namespace {

constexpr std::uint64_t payload_mask = (std::uint64_t{1} << 48) - 1;
constexpr std::uint64_t console_device = 1, console_getchar = 0, console_putchar = 1;
constexpr std::uint64_t call_write = 64, call_exit = 93;
constexpr std::uint64_t error_badf = 9, error_fault = 14, error_nosys = 38;

}  // namespace

std::uint64_t Htif::load(PhysAddr address) const {
  std::uint64_t value = 0;
  std::memcpy(&value, ram_.host(address), sizeof value);
  return value;
}

void Htif::store(PhysAddr address, std::uint64_t value) {
  std::memcpy(ram_.host(address), &value, sizeof value);
  board_.memory_written(address, sizeof value);
}

void Htif::answer(std::uint64_t value) {
  if (fromhost_.value != 0 && ram_.contains(fromhost_, 8)) store(fromhost_, value);
}

void Htif::written(std::uint64_t value) {
  if (value == 0) return;
  const std::uint64_t device = value >> 56, command = value >> 48 & 0xff, payload = value & payload_mask;
  if (device == 0 && command == 0 && (payload & 1) != 0) {
    board_.power_off(static_cast<int>(payload >> 1 & 0x7fff'ffff));
    return;
  }
  store(tohost_, 0);
  if (device == 0 && command == 0) {
    system_call(PhysAddr{payload});
    answer(1);
  } else if (device == console_device && command == console_putchar) {
    output_.put(static_cast<std::uint8_t>(payload));
    answer(device << 56 | command << 48);
  } else if (device == console_device && command == console_getchar) {
    std::uint8_t byte = 0;
    input_.wanted();
    const bool got = input_.read({&byte, 1}, HostInput::Wait::briefly) == 1;
    if (got) answer(device << 56 | command << 48 | 0x100 | byte);
  }
}

void Htif::system_call(PhysAddr block) {
  if (!ram_.contains(block, 64)) return;
  const std::uint64_t number = load(block);
  std::uint64_t result = -error_nosys;
  if (number == call_write) {
    result =
        write_call(load({block.value + 8}), PhysAddr{load({block.value + 16})}, load({block.value + 24}));
  } else if (number == call_exit) {
    result = 0;
    board_.power_off(static_cast<int>(load({block.value + 8}) & 0xff));
  }
  store(block, result);
}

std::uint64_t Htif::write_call(std::uint64_t fd, PhysAddr buffer, std::uint64_t length) {
  if (fd != 1 && fd != 2) return -error_badf;
  if (!ram_.contains(buffer, length)) return -error_fault;
  output_.put(ram_.bytes(buffer, length));
  return length;
}

}  // namespace hartbeat
