#include "guestos/net/user_vectors.hpp"

#include "guestos/mm/user_memory.hpp"

namespace guestos {

u64 VectorCursor::left() const {
  u64 total = 0;
  for (u64 i = 0; i < count_; ++i) total += vector_[i].size;
  return total - offset_;
}

template <typename Copy>
u64 VectorCursor::each_piece(u64 size, Copy copy) {
  u64 done = 0;
  while (done < size && count_ != 0) {
    const u64 part = min_of(size - done, vector_->size - offset_);
    const u64 copied = copy(vector_->base + offset_, done, part);
    done += copied;
    offset_ += copied;
    if (copied != part) break;
    if (offset_ != vector_->size) continue;
    ++vector_;
    --count_;
    offset_ = 0;
  }
  return done;
}

u64 VectorCursor::copy_out(const void* from, u64 size) {
  return each_piece(size, [&](u64 user, u64 done, u64 part) {
    return copy_to_user_partly(user, static_cast<const u8*>(from) + done, part);
  });
}

u64 VectorCursor::copy_in(void* to, u64 size) {
  return each_piece(size, [&](u64 user, u64 done, u64 part) {
    return copy_from_user_partly(static_cast<u8*>(to) + done, user, part);
  });
}

}  // namespace guestos
