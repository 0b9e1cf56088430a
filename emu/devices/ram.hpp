// Guest RAM: one contiguous range of physical addresses, backed by host memory that costs only what is
// touched.
#pragma once

#include <cstdint>
#include <span>

#include "mmu/address.hpp"

namespace hartbeat {

class Ram {
 public:
  // Reserves `size` bytes of zeroed guest memory at `base`; throws std::bad_alloc when the host has no
  // address space left.
  Ram(PhysAddr base, std::uint64_t size);
  ~Ram();
  Ram(const Ram&) = delete;
  Ram& operator=(const Ram&) = delete;

  PhysAddr base() const { return base_; }
  std::uint64_t size() const { return size_; }

  // True when all `length` bytes at `address` are RAM. Safe for any address and length.
  bool contains(PhysAddr address, std::uint64_t length) const {
    const std::uint64_t offset = address.value - base_.value;
    return offset <= size_ && length <= size_ - offset;
  }

  // Host address of a guest byte; the caller has checked contains().
  std::uint8_t* host(PhysAddr address) const { return memory_ + (address.value - base_.value); }
  std::span<std::uint8_t> bytes(PhysAddr address, std::uint64_t length) const {
    return {host(address), static_cast<std::size_t>(length)};
  }

 private:
  PhysAddr base_;
  std::uint64_t size_;
  std::uint8_t* memory_ = nullptr;
};

}  // namespace hartbeat
