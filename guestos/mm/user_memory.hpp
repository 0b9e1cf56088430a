// Checked access to user memory: the only way the kernel follows a user's pointer. Faults are resolved as the
// user's own would be (demand zero, copy-on-write, stack growth); one that has no remedy fails the call with
// EFAULT. May sleep: never with a spin lock or an address space's mutex held.
#pragma once

#include "guestos/sys/linux.hpp"

namespace guestos {

// Bytes [address, address + size) are all user addresses.
bool is_user_range(u64 address, u64 size);

// 0 or -EFAULT.
i64 copy_to_user(u64 to, const void* from, u64 size);
i64 copy_from_user(void* to, u64 from, u64 size);
// The number of bytes copied before the first that could not be.
u64 copy_to_user_partly(u64 to, const void* from, u64 size);
u64 copy_from_user_partly(void* to, u64 from, u64 size);
u64 move_user_partly(void* kernels, u64 user, u64 size, bool in);  // one or the other
// The text's length without NUL, -EFAULT, or -ENAMETOOLONG when it does not end within `capacity`.
i64 copy_text_from_user(char* to, u64 from, u64 capacity);
// Without resolving faults and without sleeping: may be used under a spin lock.
i64 read_user_word_now(u64 from, u32& value);

template <typename T>
i64 put_user(u64 to, const T& value) {
  return copy_to_user(to, &value, sizeof value);
}
template <typename T>
i64 get_user(T& value, u64 from) {
  return copy_from_user(&value, from, sizeof value);
}

// The struct iovec array of a call: user memory in several pieces, gone through once from front to back.
struct UserVector {
  u64 base;
  u64 size;
};

class VectorCursor {
 public:
  VectorCursor(const UserVector* vectors, u64 count) : vector_(vectors), count_(count) {}
  u64 left() const;
  // Copies `size` bytes to (in) or from the kernel's and moves on; fewer when user memory faults.
  u64 copy(u8* kernels, u64 size, bool in);

 private:
  const UserVector* vector_;
  u64 count_;
  u64 offset_ = 0;
};

}  // namespace guestos
