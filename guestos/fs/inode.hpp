// Files as they are in memory: the tree that the initial archive unpacks to, its page cache, devices and
// /proc.
#pragma once

#include "guestos/mm/frames.hpp"
#include "guestos/proc/wait_queue.hpp"

namespace guestos {

struct FileLock;
struct Inode;
struct Pipe;

// A name in a directory.
struct Entry {
  char* name = nullptr;
  Inode* directory = nullptr;
  Inode* inode = nullptr;  // a reference is held
  u64 cookie = 0;          // its place in the directory, for ever: getdents64 goes on after it
  Links<Entry> links = {};
  Links<Entry> name_links = {};
};
using EntryList = List<Entry, &Entry::links>;

enum class Device : u8 { none, null, zero, full, random, console, error_console, terminal, disk };
// Something in /proc (proc_text.hpp), whose Inode is made when it is looked up.
struct ProcNode;

struct Inode {
  u64 number = 0;
  u32 mode = 0;  // type and permissions
  u32 links = 0;
  u32 references = 1;
  u32 owner = 0, group = 0;
  u32 running = 0;  // address spaces whose program it is: it may not be written meanwhile
  i64 modified = 0, changed = 0, accessed = 0;  // nanoseconds, CLOCK_REALTIME
  u64 size = 0;
  Device device = Device::none;
  u32 unit = 0;  // of several such devices; a descriptor in /proc
  const ProcNode* proc = nullptr;
  u32 proc_pid = 0;

  Inode* parent = nullptr;  // of a directory; the root's is itself
  EntryList entries;
  List<Entry, &Entry::name_links> names;
  char* target = nullptr;  // of a symbolic link
  Pipe* fifo = nullptr;
  FileLock* locks = nullptr;  // file_locks.cpp

  SpinLock lock;         // protects size and the page index
  u32* pages = nullptr;  // page cache: frame number per page of the file, 0 where there is none
  u64 page_capacity = 0;
  const u8* archive = nullptr;  // where the initial contents are, if they come from the archive
  u64 archive_size = 0;
  u64 committed = 0;  // pages promised as long as it lives: shared anonymous memory (commit.hpp)

  bool is_directory() const { return (mode & S_IFMT) == S_IFDIR; }
  bool is_regular() const { return (mode & S_IFMT) == S_IFREG; }
  bool is_link() const { return (mode & S_IFMT) == S_IFLNK; }
};

inline constexpr u64 largest_file = u64{4} << 30;

// A file of the initial archive, whose unchanged pages can be had again at any time. Its Inode is for ever.
bool is_start_up_file(const Inode& inode);
Inode* create_inode(u32 mode);  // one reference, no link; nullptr: out of memory
void add_inode_reference(Inode* inode);
void release_inode(Inode* inode);

// A reference that ends with this object.
class InodeReference {
 public:
  InodeReference() = default;
  explicit InodeReference(Inode* inode) : inode_(inode) {}  // takes over the caller's
  InodeReference(InodeReference&& other) : inode_(other.take()) {}
  ~InodeReference() { set(nullptr); }
  InodeReference& operator=(InodeReference&& other) {
    set(other.take());
    return *this;
  }
  static InodeReference share(Inode* inode) {
    if (inode != nullptr) add_inode_reference(inode);
    return InodeReference(inode);
  }
  explicit operator bool() const { return inode_ != nullptr; }
  Inode* operator->() const { return inode_; }
  Inode& operator*() const { return *inode_; }
  Inode* get() const { return inode_; }
  Inode* take() {
    Inode* inode = inode_;
    inode_ = nullptr;
    return inode;
  }

 private:
  void set(Inode* inode) {
    if (inode_ != nullptr) release_inode(inode_);
    inode_ = inode;
  }
  Inode* inode_ = nullptr;
};

// Its page cache ends.
void forget_pages(Inode& inode);
// The frame of a page of the file, filled, with a reference for the caller; no_frame: out of memory.
FrameNumber cached_page(Inode& inode, u64 index);
// Kernel buffers; stop at the end of the file. The number of bytes.
u64 read_inode(Inode& inode, u64 offset, void* to, u64 size);
// 0 or a negative errno. Growing leaves zeros, shrinking forgets pages.
i64 resize_inode(Inode& inode, u64 size);
// The same, and what is mapped of the pages that go is unmapped: touching it is SIGBUS then. May sleep.
i64 cut_inode(Inode& inode, u64 size);
// User buffers: bytes done, or a negative errno if none.
i64 read_inode_to_user(Inode& inode, u64 offset, u64 to, u64 size);
i64 write_inode_from_user(Inode& inode, u64 offset, u64 from, u64 size);
void touch_inode(Inode& inode);

// --- the tree (tree.cpp); every function takes the tree's mutex itself
Inode* root_directory();
void tree_open();
// Removes every file made since boot and the cached pages of the others.
void forget_since_boot();

struct PathRequest {
  Inode* start = nullptr;  // for relative paths
  const char* path = "";
  bool follow = true;  // a symbolic link in the last place
};
// The inode, or a negative errno in `error`.
InodeReference lookup(const PathRequest& request, i64& error);
// Makes the last component; unless `exclusive`, an existing inode is returned instead of EEXIST.
InodeReference create_at(const PathRequest& request, u32 mode, const char* target, bool exclusive,
                         i64& error);
i64 link_at(const PathRequest& request, Inode* inode);
i64 remove_at(const PathRequest& request, bool directory);
i64 rename_at(const PathRequest& from, const PathRequest& to, bool no_replace);
// An absolute path of the inode; its length without NUL, or a negative errno: ENOENT when it has no name (any more).
// path_in_tree: with the tree's mutex held, as proc_lookup runs.
i64 path_of(const Inode* inode, char* to, u64 capacity);
i64 path_in_tree(const Inode* inode, char* to, u64 capacity);
// Directory iteration: the entry at a position (0 is the start, then EntryCopy::next), copied; false at the
// end. Names that come or go meanwhile do not move the others.
struct EntryCopy {
  u64 number;
  u64 next;  // the position after this entry
  u32 type;
  char name[NAME_MAX + 1];
};
bool entry_at(Inode& directory, u64 position, EntryCopy& copy);

// --- file_locks.cpp: advisory locks of bytes [start, end], for an owner: a process's descriptors (fcntl) or an open
// file (flock). They know nothing of each other.
struct LockRequest {
  const void* owner = nullptr;
  u64 start = 0;
  u64 end = ~u64{0};
  bool exclusive = false;
  bool is_flock = false;
  u32 pid = 0;  // to tell who asks
};
// 0, -EAGAIN (somebody else has it, and `wait` is false), -ERESTARTSYS or -ENOMEM.
i64 lock_file(Inode& inode, const LockRequest& request, bool wait);
i64 unlock_file(Inode& inode, const LockRequest& request);
// What stands in the way, if anything: true.
bool lock_conflict(Inode& inode, const LockRequest& request, LockRequest& other);
void unlock_all(Inode& inode, const void* owner);

// --- initramfs.cpp
i64 unpack_archive(const u8* archive, u64 size);

// --- proc_files.cpp
void become_proc_root(Inode& directory);
InodeReference proc_lookup(Inode& directory, const char* name, i64& error);
bool proc_entry_at(Inode& directory, u64 position, EntryCopy& copy);
// A user's text for one of the files that are settings. The size, or a negative errno.
i64 proc_write(const Inode& inode, u64 from, u64 size);

}  // namespace guestos
