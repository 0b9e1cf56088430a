#include "guestos/fs/file_table.hpp"

#include "guestos/proc/process.hpp"

namespace guestos {

FileTable* FileTable::make() {
  auto* table = create<FileTable>();
  if (table != nullptr && !table->grow(15)) {
    destroy(table);
    return nullptr;
  }
  return table;
}

bool FileTable::grow(u64 wanted) {
  if (wanted < size_) return true;
  u32 size = max_of<u32>(size_, 16);
  while (size <= wanted) size *= 2;
  if (!grow_array(slots_, size_, size)) return false;
  size_ = size;
  return true;
}

FileTable* FileTable::copy() {
  auto* table = create<FileTable>();
  if (table == nullptr) return nullptr;
  SpinGuard guard(lock_);
  if (!table->grow(size_ - 1)) {
    destroy(table);
    return nullptr;
  }
  for (u32 i = 0; i < size_; ++i) {
    table->slots_[i] = slots_[i];
    if (slots_[i].file != nullptr) slots_[i].file->add_reference();
  }
  return table;
}

void FileTable::drop_reference() {
  if (__atomic_fetch_sub(&references_, 1, __ATOMIC_ACQ_REL) != 1) return;
  close_range(0, size_);
  heap_release(slots_);
  destroy(this);
}

File* FileTable::get(u64 descriptor) {
  SpinGuard guard(lock_);
  if (descriptor >= size_ || slots_[descriptor].file == nullptr) return nullptr;
  slots_[descriptor].file->add_reference();
  return slots_[descriptor].file;
}

u64 FileTable::limit() {
  const Process* process = current_thread().process;  // none while init's own are being made
  return process != nullptr ? min_of<u64>(capacity, process->limits[RLIMIT_NOFILE].soft) : capacity;
}

i64 FileTable::add(File* file, bool close_on_exec, u64 lowest) {
  lock_.lock();
  u64 at = lowest;
  while (at < size_ && slots_[at].file != nullptr) ++at;
  i64 result = at >= limit() ? -EMFILE : !grow(at) ? -ENOMEM : static_cast<i64>(at);
  if (result >= 0) slots_[at] = {file, close_on_exec};
  lock_.unlock();
  if (result < 0) file->drop_reference();
  return result;
}

i64 FileTable::add_pair(File* first, File* second, bool close_on_exec, u64 to) {
  const i64 one = add(first, close_on_exec);
  if (one < 0) {
    second->drop_reference();
    return one;
  }
  const i64 other = add(second, close_on_exec);
  const i32 pair[2] = {static_cast<i32>(one), static_cast<i32>(other)};
  if (other >= 0 && put_user(to, pair) == 0) return 0;
  close(static_cast<u64>(one));
  if (other < 0) return other;
  close(static_cast<u64>(other));
  return -EFAULT;
}

i64 FileTable::set(u64 descriptor, File* file, bool close_on_exec) {
  lock_.lock();
  i64 result = descriptor >= limit() ? -EBADF : !grow(descriptor) ? -ENOMEM : static_cast<i64>(descriptor);
  File* old = file;
  if (result >= 0) {
    old = slots_[descriptor].file;
    slots_[descriptor] = {file, close_on_exec};
  }
  lock_.unlock();
  if (old != nullptr) old->drop_reference();
  return result;
}

i64 FileTable::close(u64 descriptor) {
  lock_.lock();
  File* file = descriptor < size_ ? slots_[descriptor].file : nullptr;
  if (file != nullptr) slots_[descriptor] = {};
  lock_.unlock();
  if (file == nullptr) return -EBADF;
  // As POSIX has it: closing any descriptor of a file gives up all of the process's record locks on it.
  if (file->inode() != nullptr && file->inode()->locks != nullptr) unlock_all(*file->inode(), this);
  file->drop_reference();
  return 0;
}

void FileTable::close_range(u64 first, u64 last) {
  for (u64 i = first; i <= last && i < size_; ++i) close(i);
}

void FileTable::close_on_exec() {
  for (u64 i = 0; i < size_; ++i)
    if (close_on_exec_flag(i) == 1) close(i);
}

i64 FileTable::close_on_exec_flag(u64 descriptor) {
  SpinGuard guard(lock_);
  if (descriptor >= size_ || slots_[descriptor].file == nullptr) return -EBADF;
  return slots_[descriptor].close_on_exec ? 1 : 0;
}

i64 FileTable::set_close_on_exec(u64 descriptor, bool value) {
  SpinGuard guard(lock_);
  if (descriptor >= size_ || slots_[descriptor].file == nullptr) return -EBADF;
  slots_[descriptor].close_on_exec = value;
  return 0;
}

}  // namespace guestos
