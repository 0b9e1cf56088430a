// The initial archive (cpio "newc"): its directories, files and links become the root file system. File
// contents stay in the archive until somebody asks for the page.
#include "guestos/fs/inode.hpp"
#include "guestos/mm/heap.hpp"

namespace guestos {

namespace {

constexpr u64 header_size = 110;

u64 hexadecimal(const u8* digits) {
  u64 value = 0;
  for (unsigned i = 0; i < 8; ++i) {
    const u8 c = digits[i];
    value = value << 4 | static_cast<u64>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return value;
}

// Makes the directories that lead to `path`, which the archive may leave out.
i64 provide_parents(char* path) {
  for (u64 i = 0; path[i] != 0; ++i) {
    if (path[i] != '/' || i == 0) continue;
    path[i] = 0;
    i64 error = 0;
    create_at({nullptr, path, true}, S_IFDIR | 0755, nullptr, false, error);
    path[i] = '/';
    if (error != 0) return error;
  }
  return 0;
}

// Names of one file (hard links): newc gives each the same inode number, and the contents to the last.
struct LinkedFile {
  u64 number;
  Inode* inode;
};
constexpr unsigned most_linked_files = 256;

struct Unpacking {
  LinkedFile linked[most_linked_files];
  unsigned linked_count = 0;

  Inode* find(u64 number) const {
    for (unsigned i = 0; i < linked_count; ++i)
      if (linked[i].number == number) return linked[i].inode;
    return nullptr;
  }
};

i64 add(Unpacking& state, char* path, const u8* header, const u8* contents, u64 size) {
  const u32 mode = static_cast<u32>(hexadecimal(header + 14));
  const u64 number = hexadecimal(header + 6);
  if (const i64 error = provide_parents(path); error != 0) return error;
  const bool is_linked = (mode & S_IFMT) == S_IFREG && hexadecimal(header + 38) > 1;
  auto inode = InodeReference::share(is_linked ? state.find(number) : nullptr);
  i64 error = 0;
  if (inode) {
    error = link_at({nullptr, path, false}, inode.get());
  } else {
    char* target = nullptr;
    HeapBuffer<char> text(size + 1);
    if ((mode & S_IFMT) == S_IFLNK) {
      memcpy(text.get(), contents, size);
      text[size] = 0;
      target = text.get();
    }
    inode = create_at({nullptr, path, false}, mode, target, false, error);
    if (!inode) return error;
    inode->mode = mode;
    inode->modified = static_cast<i64>(hexadecimal(header + 46)) * 1'000'000'000;
    if (is_linked && state.linked_count < most_linked_files)
      state.linked[state.linked_count++] = {number, inode.get()};
  }
  if (inode->is_regular() && size != 0) {
    inode->archive = contents;
    inode->archive_size = inode->size = size;
  }
  return error;
}

}  // namespace

i64 unpack_archive(const u8* archive, u64 size) {
  auto* state = create<Unpacking>();
  auto* path = static_cast<char*>(heap_allocate(PATH_MAX));
  if (state == nullptr || path == nullptr) return -ENOMEM;
  for (u64 at = 0; at + header_size <= size;) {
    const u8* header = archive + at;
    if (memcmp(header, "070701", 6) != 0 && memcmp(header, "070702", 6) != 0) return -EINVAL;
    const u64 file_size = hexadecimal(header + 54);
    const u64 name_size = hexadecimal(header + 94);
    const u64 contents = align_up(at + header_size + name_size, 4);
    if (name_size == 0 || name_size > PATH_MAX || contents > size || file_size > size - contents)
      return -EINVAL;
    memcpy(path, header + header_size, name_size);
    path[name_size - 1] = 0;
    if (equal(path, "TRAILER!!!")) return 0;
    if (!equal(path, ".") && !equal(path, "/"))
      if (const i64 error = add(*state, path, header, archive + contents, file_size); error != 0)
        return error;
    at = align_up(contents + file_size, 4);
  }
  return 0;
}

}  // namespace guestos
