// Small kernel objects: size classes cut from single frames; a frame whose objects are all free goes back at
// once, so that after every process is gone free memory is what it was.
#pragma once

#include "guestos/lib/memory.hpp"

namespace guestos {

// 16-byte aligned; nullptr when memory is exhausted.
void* heap_allocate(u64 size);
void heap_release(void* object);  // nullptr: nothing
// Until this call objects are start-up objects: they live for ever and releasing one does nothing.
void heap_boot_done();
bool heap_is_boot_object(const void* object);

// On the heap; nullptr: out of memory.
char* copy_of_text(const char* text);

template <typename T, typename... Arguments>
T* create(Arguments&&... arguments) {
  void* place = heap_allocate(sizeof(T));
  return place == nullptr ? nullptr : new (place) T(static_cast<Arguments&&>(arguments)...);
}

template <typename T>
void destroy(T* object) {
  if (object == nullptr) return;
  object->~T();
  heap_release(object);
}

// Moves an array of plain objects to a larger place, zeros behind it; false: out of memory.
template <typename T>
bool grow_array(T*& data, u64 count, u64 new_count) {
  auto* fresh = static_cast<T*>(heap_allocate(new_count * sizeof(T)));
  if (fresh == nullptr) return false;
  memset(static_cast<void*>(fresh), 0, new_count * sizeof(T));
  memcpy(static_cast<void*>(fresh), data, count * sizeof(T));
  heap_release(data);
  data = fresh;
  return true;
}

// An array of bytes that releases itself.
template <typename T = char>
class HeapBuffer {
 public:
  explicit HeapBuffer(u64 count) : data_(static_cast<T*>(heap_allocate(count * sizeof(T)))) {}
  ~HeapBuffer() { heap_release(data_); }
  HeapBuffer(const HeapBuffer&) = delete;
  HeapBuffer& operator=(const HeapBuffer&) = delete;
  explicit operator bool() const { return data_ != nullptr; }
  T* get() const { return data_; }
  T& operator[](u64 index) const { return data_[index]; }

 private:
  T* data_;
};

}  // namespace guestos
