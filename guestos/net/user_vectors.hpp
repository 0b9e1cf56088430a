// The struct iovec array of a call: user memory in several pieces, gone through once from front to back.
#pragma once

#include "guestos/lib/types.hpp"

namespace guestos {

struct UserVector {
  u64 base;
  u64 size;
};

class VectorCursor {
 public:
  VectorCursor(const UserVector* vectors, u64 count) : vector_(vectors), count_(count) {}
  u64 left() const;
  // Copies `size` bytes and moves on; fewer when user memory faults.
  u64 copy_out(const void* from, u64 size);
  u64 copy_in(void* to, u64 size);

 private:
  template <typename Copy>
  u64 each_piece(u64 size, Copy copy);
  const UserVector* vector_;
  u64 count_;
  u64 offset_ = 0;
};

}  // namespace guestos
