// A small FIFO in an array, the registers of cva6_fifo_v3 without its data path. Full at `limit`, which is at most
// Capacity.
#pragma once

#include <array>
#include <cstdint>

namespace hartbeat::timing::cva6 {

template <class T, unsigned Capacity>
class Ring {
 public:
  Ring() = default;
  explicit Ring(unsigned limit) : limit_(limit) {}
  bool empty() const { return count_ == 0; }
  bool full() const { return count_ == limit_; }
  unsigned size() const { return count_; }
  T& front() { return slots_[read_]; }
  const T& front() const { return slots_[read_]; }
  T& at(unsigned i) { return slots_[(read_ + i) % Capacity]; }
  const T& at(unsigned i) const { return slots_[(read_ + i) % Capacity]; }
  void push(const T& value) {
    slots_[(read_ + count_) % Capacity] = value;
    ++count_;
  }
  void pop() {
    read_ = (read_ + 1) % Capacity;
    --count_;
  }
  void clear() { read_ = count_ = 0; }
  // Its elements by `each`, from the front on (load_store_state.hpp).
  template <class Archive, class Each>
  void visit(Archive& a, Each each) {
    a.bits(count_);
    if (!a.fits(count_)) return;
    if constexpr (Archive::restores) read_ = 0;
    for (unsigned i = 0; i < count_; ++i) each(at(i));
  }

 private:
  std::array<T, Capacity> slots_{};
  unsigned limit_ = Capacity, read_ = 0, count_ = 0;
};

}  // namespace hartbeat::timing::cva6
