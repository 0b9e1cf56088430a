#include "guestos/mm/user_memory.hpp"

#include "guestos/arch/hart.hpp"
#include "guestos/arch/layout.hpp"

extern "C" guestos::u64 user_copy(void* to, const void* from, guestos::u64 size);

namespace guestos {

bool is_user_range(u64 address, u64 size) { return address < user_end && size <= user_end - address; }

u64 copy_to_user_partly(u64 to, const void* from, u64 size) {
  if (!is_user_range(to, size)) return 0;
  return size - user_copy(reinterpret_cast<void*>(to), from, size);
}

u64 copy_from_user_partly(void* to, u64 from, u64 size) {
  if (!is_user_range(from, size)) return 0;
  return size - user_copy(to, reinterpret_cast<const void*>(from), size);
}

u64 move_user_partly(void* kernels, u64 user, u64 size, bool in) {
  return in ? copy_from_user_partly(kernels, user, size) : copy_to_user_partly(user, kernels, size);
}

i64 copy_to_user(u64 to, const void* from, u64 size) {
  return copy_to_user_partly(to, from, size) == size && is_user_range(to, size) ? 0 : -EFAULT;
}

i64 copy_from_user(void* to, u64 from, u64 size) {
  return copy_from_user_partly(to, from, size) == size && is_user_range(from, size) ? 0 : -EFAULT;
}

i64 copy_text_from_user(char* to, u64 from, u64 capacity) {
  for (u64 done = 0; done < capacity;) {
    // Never beyond the page that the text's next character is in: the one after it may not exist.
    const u64 part = min_of(capacity - done, page_size - ((from + done) & (page_size - 1)));
    if (copy_from_user(to + done, from + done, part) != 0) return -EFAULT;
    for (u64 i = done; i < done + part; ++i)
      if (to[i] == 0) return static_cast<i64>(i);
    done += part;
  }
  return -ENAMETOOLONG;
}

i64 read_user_word_now(u64 from, u32& value) {
  Thread& self = current_thread();
  self.no_fault = true;
  const i64 error = copy_from_user(&value, from, sizeof value);
  self.no_fault = false;
  return error;
}

u64 VectorCursor::left() const {
  u64 total = 0;
  for (u64 i = 0; i < count_; ++i) total += vector_[i].size;
  return total - offset_;
}

u64 VectorCursor::copy(u8* kernels, u64 size, bool in) {
  u64 done = 0;
  while (done < size && count_ != 0) {
    const u64 part = min_of(size - done, vector_->size - offset_);
    const u64 copied = move_user_partly(kernels + done, vector_->base + offset_, part, in);
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

}  // namespace guestos
