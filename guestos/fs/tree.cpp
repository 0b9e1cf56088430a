// The directory tree: looking up, making, removing and renaming names.
#include "guestos/arch/boot_info.hpp"
#include "guestos/fs/inode.hpp"
#include "guestos/mm/heap.hpp"

namespace guestos {

void forget_boot_file_pages();

namespace {

constinit Mutex tree_mutex;
constinit Inode* root = nullptr;
constinit Inode* boot_directories = nullptr;
constinit u64 last_cookie = 1;  // positions 0 and 1 are "." and ".."

void note_boot_directory(Inode* directory) {
  if (!heap_is_boot_object(directory)) return;
  directory->next_directory = boot_directories;
  boot_directories = directory;
}

Entry* find_entry(const Inode& directory, const char* name) {
  for (Entry* entry = directory.entries.first(); entry != nullptr; entry = EntryList::next(entry))
    if (equal(entry->name, name)) return entry;
  return nullptr;
}

Entry* create_entry(const char* name, Inode* inode) {
  const u64 size = strlen(name) + 1;
  auto* entry = create<Entry>();
  auto* text = static_cast<char*>(heap_allocate(size));
  if (entry == nullptr || text == nullptr) {
    if (entry != nullptr) destroy(entry);
    if (text != nullptr) heap_release(text);
    return nullptr;
  }
  memcpy(text, name, size);
  entry->name = text;
  entry->inode = inode;
  return entry;
}

void destroy_entry(Entry* entry) {
  heap_release(entry->name);
  destroy(entry);
}

void attach(Inode& directory, Entry* entry) {
  entry->cookie = ++last_cookie;
  directory.entries.push_back(entry);
  ++entry->inode->links;
  if (entry->inode->is_directory()) {
    entry->inode->parent = &directory;
    ++directory.links;
  }
  touch_inode(directory);
}

void detach(Inode& directory, Entry* entry) {
  directory.entries.remove(entry);
  --entry->inode->links;
  if (entry->inode->is_directory()) --directory.links;
  touch_inode(directory);
}

// A position in a walk along a path: the directory that holds the last component, that component's name, and
// what it is. `directory` and `inode` each hold a reference.
struct Walk {
  Inode* directory = nullptr;
  Inode* inode = nullptr;  // nullptr: the last component does not exist
  Inode* link = nullptr;   // the link whose target is being walked: its text must stay
  char name[NAME_MAX + 1] = {};
  bool wants_directory = false;  // a slash follows the last component

  ~Walk() {
    if (directory != nullptr) release_inode(directory);
    if (inode != nullptr) release_inode(inode);
    if (link != nullptr) release_inode(link);
  }
  void hold_link() {
    if (link != nullptr) release_inode(link);
    link = inode;
    inode = nullptr;
  }
  void set_directory(Inode* next) {
    add_inode_reference(next);
    if (directory != nullptr) release_inode(directory);
    directory = next;
  }
  void set_inode(Inode* next) {  // takes over the reference
    if (inode != nullptr) release_inode(inode);
    inode = next;
  }
};

Inode* child_of(Inode& directory, const char* name, i64& error) {
  if (equal(name, ".")) {
    add_inode_reference(&directory);
    return &directory;
  }
  if (equal(name, "..")) {
    Inode* up = directory.parent != nullptr ? directory.parent : root;
    add_inode_reference(up);
    return up;
  }
  if (directory.proc != ProcNode::none) return proc_lookup(directory, name, error);
  Entry* entry = find_entry(directory, name);
  if (entry == nullptr) {
    error = -ENOENT;
    return nullptr;
  }
  add_inode_reference(entry->inode);
  return entry->inode;
}

// Cuts the next component off `path`; its length, 0 at the end.
i64 next_component(const char*& path, char* name) {
  while (*path == '/') ++path;
  u64 size = 0;
  while (path[size] != 0 && path[size] != '/') ++size;
  if (size > NAME_MAX) return -ENAMETOOLONG;
  memcpy(name, path, size);
  name[size] = 0;
  path += size;
  return static_cast<i64>(size);
}

// How many links may still be followed, and how deep links in the middle of links' targets may nest (each
// nesting is a recursion on the kernel's stack).
struct LinkBudget {
  unsigned links = 40;
  unsigned depth = 8;
};

i64 walk(const PathRequest& request, Walk& at, LinkBudget& budget);

// Replaces the walk by the target of the link it stands on, which is not the last component.
i64 follow_link(Walk& at, LinkBudget& budget) {
  if (budget.links == 0 || budget.depth == 0) return -ELOOP;
  --budget.links;
  --budget.depth;
  Inode* link = at.inode;
  Inode* start = at.directory;
  at.inode = nullptr;
  at.directory = nullptr;
  const i64 error = walk({start, link->target, true}, at, budget);
  ++budget.depth;
  release_inode(start);
  release_inode(link);
  return error;
}

i64 begin_walk(const PathRequest& request, Walk& at) {
  if (*request.path == 0) return -ENOENT;
  Inode* start = *request.path == '/' || request.start == nullptr ? root : request.start;
  at.set_directory(start);
  add_inode_reference(start);
  at.set_inode(start);
  copy_text(at.name, ".", sizeof at.name);
  return 0;
}

// One component further. `last`: nothing but slashes follows it.
i64 step(const char*& path, Walk& at, bool& last) {
  if (at.inode == nullptr) return -ENOENT;
  if (!at.inode->is_directory()) return -ENOTDIR;
  at.set_directory(at.inode);
  const i64 size = next_component(path, at.name);
  if (size < 0) return size;
  const bool slash = *path == '/';
  while (*path == '/') ++path;
  last = *path == 0;
  at.wants_directory = at.wants_directory || (last && slash);
  i64 error = 0;
  at.set_inode(child_of(*at.directory, at.name, error));
  if (at.inode == nullptr && (error != -ENOENT || !last)) return error;
  return 0;
}

i64 walk(const PathRequest& request, Walk& at, LinkBudget& budget) {
  i64 error = begin_walk(request, at);
  const char* path = request.path;
  while (error == 0 && *path == '/') ++path;
  while (error == 0 && *path != 0) {
    bool last = false;
    error = step(path, at, last);
    if (error != 0 || at.inode == nullptr || !at.inode->is_link()) continue;
    if (!last) {
      error = follow_link(at, budget);
      if (error == 0 && at.inode == nullptr) error = -ENOENT;
    } else if (request.follow || at.wants_directory) {
      // In the last place the target simply takes the path's place: no recursion, however long the chain.
      if (budget.links-- == 0) return -ELOOP;
      at.hold_link();
      path = at.link->target;
      if (*path == 0) return -ENOENT;
      if (*path == '/') at.set_directory(root);
      while (*path == '/') ++path;
      add_inode_reference(at.directory);
      at.set_inode(at.directory);
    }
  }
  if (error == 0 && at.inode != nullptr && at.wants_directory && !at.inode->is_directory()) error = -ENOTDIR;
  return error;
}

i64 walk(const PathRequest& request, Walk& at) {
  LinkBudget budget;
  return walk(request, at, budget);
}

bool is_dot(const char* name) { return equal(name, ".") || equal(name, ".."); }

bool is_inside(const Inode* directory, const Inode* ancestor) {
  for (;; directory = directory->parent) {
    if (directory == ancestor) return true;
    if (directory == root || directory->parent == nullptr) return false;
  }
}

void remove_entry(Inode& directory, Entry* entry) {
  Inode* inode = entry->inode;
  detach(directory, entry);
  destroy_entry(entry);
  release_inode(inode);
}

// Removes everything below `top`, without recursion: a tree may be deeper than the kernel's stack.
void clear_below(Inode& top) {
  for (Inode* directory = &top;;) {
    Entry* entry = directory->entries.first();
    if (entry == nullptr) {
      if (directory == &top) return;
      directory = directory->parent;
    } else if (entry->inode->is_directory() && !entry->inode->entries.empty()) {
      directory = entry->inode;
    } else {
      remove_entry(*directory, entry);
    }
  }
}

void forget_in(Inode& directory) {
  for (Entry* entry = directory.entries.first(); entry != nullptr;) {
    Entry* next = EntryList::next(entry);
    if (!heap_is_boot_object(entry)) {
      if (entry->inode->is_directory()) clear_below(*entry->inode);
      remove_entry(directory, entry);
    }
    entry = next;
  }
}

// The absolute path of a directory; its length or a negative errno. With the mutex held.
i64 directory_path(const Inode* directory, char* to, u64 capacity) {
  u64 at = capacity;
  if (capacity < 2) return -ERANGE;
  to[--at] = 0;
  while (directory != root) {
    const Inode* parent = directory->parent;
    if (parent == nullptr) return -ENOENT;
    const char* name = directory->proc == ProcNode::root ? "proc" : nullptr;
    for (Entry* entry = parent->entries.first(); entry != nullptr && name == nullptr;
         entry = EntryList::next(entry))
      if (entry->inode == directory) name = entry->name;
    if (name == nullptr) return -ENOENT;
    const u64 size = strlen(name);
    if (at < size + 1) return -ERANGE;
    at -= size;
    memcpy(to + at, name, size);
    to[--at] = '/';
    directory = parent;
  }
  if (to[at] == 0) to[--at] = '/';
  memmove(to, to + at, capacity - at);
  return static_cast<i64>(capacity - at - 1);
}

}  // namespace

Inode* root_directory() { return root; }

void tree_open() {
  root = create_inode(S_IFDIR | 0755);
  root->parent = root;
  root->links = 2;
  note_boot_directory(root);
}

void forget_since_boot() {
  MutexGuard guard(tree_mutex);
  for (Inode* directory = boot_directories; directory != nullptr; directory = directory->next_directory)
    forget_in(*directory);
  forget_boot_file_pages();
}

Inode* lookup(const PathRequest& request, i64& error) {
  MutexGuard guard(tree_mutex);
  Walk at;
  error = walk(request, at);
  if (error == 0 && at.inode == nullptr) error = -ENOENT;
  if (error != 0) return nullptr;
  add_inode_reference(at.inode);
  return at.inode;
}

Inode* create_at(const PathRequest& request, u32 mode, const char* target, bool exclusive, i64& error) {
  MutexGuard guard(tree_mutex);
  Walk at;
  error = walk(request, at);
  if (error != 0) return nullptr;
  if (at.inode != nullptr) {
    error = exclusive ? -EEXIST : 0;
    if (error != 0) return nullptr;
    add_inode_reference(at.inode);
    return at.inode;
  }
  const bool is_directory = (mode & S_IFMT) == S_IFDIR;
  error = at.directory->proc != ProcNode::none  ? -EPERM
          : at.directory->links == 0            ? -ENOENT
          : at.wants_directory && !is_directory ? -EISDIR
                                                : 0;
  if (error != 0) return nullptr;
  Inode* inode = create_inode(mode);
  Entry* entry = inode == nullptr ? nullptr : create_entry(at.name, inode);
  if (entry != nullptr && target != nullptr) {
    inode->size = strlen(target);
    inode->target = static_cast<char*>(heap_allocate(inode->size + 1));
    if (inode->target != nullptr) memcpy(inode->target, target, inode->size + 1);
  }
  if (entry == nullptr || (target != nullptr && inode->target == nullptr)) {
    if (entry != nullptr) destroy_entry(entry);
    if (inode != nullptr) release_inode(inode);
    error = -ENOSPC;
    return nullptr;
  }
  if (is_directory) {
    inode->links = 1;  // its own "."
    note_boot_directory(inode);
  }
  add_inode_reference(inode);  // the entry's
  attach(*at.directory, entry);
  return inode;
}

i64 link_at(const PathRequest& request, Inode* inode) {
  MutexGuard guard(tree_mutex);
  if (inode->is_directory()) return -EPERM;
  Walk at;
  if (const i64 error = walk(request, at); error != 0) return error;
  if (at.inode != nullptr) return -EEXIST;
  if (at.directory->proc != ProcNode::none || inode->proc != ProcNode::none) return -EPERM;
  Entry* entry = create_entry(at.name, inode);
  if (entry == nullptr) return -ENOSPC;
  add_inode_reference(inode);
  attach(*at.directory, entry);
  return 0;
}

i64 remove_at(const PathRequest& request, bool directory) {
  MutexGuard guard(tree_mutex);
  Walk at;
  if (const i64 error = walk({request.start, request.path, false}, at); error != 0) return error;
  if (at.inode == nullptr) return -ENOENT;
  if (is_dot(at.name)) return directory ? -EINVAL : -EISDIR;
  if (at.directory->proc != ProcNode::none) return -EPERM;
  if (directory != at.inode->is_directory()) return directory ? -ENOTDIR : -EISDIR;
  if (directory && !at.inode->entries.empty()) return -ENOTEMPTY;
  Entry* entry = find_entry(*at.directory, at.name);
  if (entry == nullptr || at.inode->proc != ProcNode::none) return -EBUSY;
  detach(*at.directory, entry);
  if (directory) at.inode->links = 0;
  Inode* inode = entry->inode;
  destroy_entry(entry);
  release_inode(inode);
  return 0;
}

i64 rename_at(const PathRequest& from, const PathRequest& to, bool no_replace) {
  MutexGuard guard(tree_mutex);
  Walk source;
  Walk target;
  if (const i64 error = walk({from.start, from.path, false}, source); error != 0) return error;
  if (source.inode == nullptr) return -ENOENT;
  if (const i64 error = walk({to.start, to.path, false}, target); error != 0) return error;
  if (is_dot(source.name) || is_dot(target.name)) return -EBUSY;
  if (source.directory->proc != ProcNode::none || target.directory->proc != ProcNode::none) return -EPERM;
  if (target.inode != nullptr && no_replace) return -EEXIST;
  if (target.inode == source.inode) return 0;
  const bool directory = source.inode->is_directory();
  if (directory && is_inside(target.directory, source.inode)) return -EINVAL;
  if (target.inode != nullptr) {
    if (directory && !target.inode->is_directory()) return -ENOTDIR;
    if (!directory && target.inode->is_directory()) return -EISDIR;
    if (directory && !target.inode->entries.empty()) return -ENOTEMPTY;
  }
  Entry* fresh = create_entry(target.name, source.inode);
  if (fresh == nullptr) return -ENOSPC;
  if (target.inode != nullptr) {
    Entry* old = find_entry(*target.directory, target.name);
    detach(*target.directory, old);
    if (directory) target.inode->links = 0;
    Inode* replaced = old->inode;
    destroy_entry(old);
    release_inode(replaced);
  }
  Entry* old = find_entry(*source.directory, source.name);
  detach(*source.directory, old);
  destroy_entry(old);  // its reference goes to the new entry
  attach(*target.directory, fresh);
  return 0;
}

i64 path_of(Inode* directory, char* to, u64 capacity) {
  MutexGuard guard(tree_mutex);
  return directory_path(directory, to, capacity);
}

bool path_in_tree(const Inode* inode, char* to, u64 capacity) {
  if (inode->is_directory()) return directory_path(inode, to, capacity) > 0;
  if (inode->links == 0) return false;
  const Inode* directory = root;
  const Entry* entry = directory->entries.first();
  while (entry != nullptr && entry->inode != inode) {
    const Inode* here = entry->inode;
    if (here->is_directory() && here->proc == ProcNode::none && !here->entries.empty()) {
      directory = here;
      entry = here->entries.first();
      continue;
    }
    for (entry = EntryList::next(entry); entry == nullptr && directory != root;) {
      const Inode* up = directory->parent;
      const Entry* at = up->entries.first();
      while (at != nullptr && at->inode != directory) at = EntryList::next(at);
      directory = up;
      entry = at != nullptr ? EntryList::next(at) : nullptr;
    }
  }
  if (entry == nullptr) return false;
  const i64 size = directory_path(directory, to, capacity);
  const u64 length = size > 1 ? static_cast<u64>(size) : 0;
  if (size < 0 || length + 1 + strlen(entry->name) >= capacity) return false;
  to[length] = '/';
  copy_text(to + length + 1, entry->name, capacity - length - 1);
  return true;
}

bool find_in_tree(const Inode* inode, char* to, u64 capacity) {
  MutexGuard guard(tree_mutex);
  return path_in_tree(inode, to, capacity);
}

bool entry_at(Inode& directory, u64 position, EntryCopy& copy) {
  MutexGuard guard(tree_mutex);
  if (position < 2) {
    copy.number = position == 0 || directory.parent == nullptr ? directory.number : directory.parent->number;
    copy.next = position + 1;
    copy.type = S_IFDIR;
    copy_text(copy.name, position == 0 ? "." : "..", sizeof copy.name);
    return true;
  }
  if (directory.proc != ProcNode::none) return proc_entry_at(directory, position - 2, copy);
  Entry* entry = directory.entries.first();
  while (entry != nullptr && entry->cookie < position) entry = EntryList::next(entry);
  if (entry == nullptr) return false;
  copy.number = entry->inode->number;
  copy.next = entry->cookie + 1;
  copy.type = entry->inode->mode & S_IFMT;
  copy_text(copy.name, entry->name, sizeof copy.name);
  return true;
}

}  // namespace guestos
