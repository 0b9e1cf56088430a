// The directory tree: looking up, making, removing and renaming names.
#include "guestos/fs/inode.hpp"
#include "guestos/mm/heap.hpp"

namespace guestos {

namespace {

constinit Mutex tree_mutex;
constinit Inode* root = nullptr;
constinit u64 last_cookie = 1;  // positions 0 and 1 are "." and ".."

Entry* find_entry(const Inode& directory, const char* name) {
  for (Entry* entry = directory.entries.first(); entry != nullptr; entry = EntryList::next(entry))
    if (equal(entry->name, name)) return entry;
  return nullptr;
}

Entry* create_entry(const char* name, Inode* inode) {
  auto* entry = create<Entry>();
  if (entry == nullptr || (entry->name = copy_of_text(name)) == nullptr) {
    destroy(entry);
    return nullptr;
  }
  entry->inode = inode;
  return entry;
}

void destroy_entry(Entry* entry) {
  heap_release(entry->name);
  destroy(entry);
}

void attach(Inode& directory, Entry* entry) {
  entry->cookie = ++last_cookie;
  entry->directory = &directory;
  directory.entries.push_back(entry);
  entry->inode->names.push_back(entry);
  ++entry->inode->links;
  if (entry->inode->is_directory()) {
    entry->inode->parent = &directory;
    ++directory.links;
  }
  touch_inode(directory);
}

void detach(Inode& directory, Entry* entry) {
  directory.entries.remove(entry);
  entry->inode->names.remove(entry);
  --entry->inode->links;
  if (entry->inode->is_directory()) --directory.links;
  touch_inode(directory);
}

// A position in a walk along a path: the directory that holds the last component, that component's name, and
// what it is. `directory` and `inode` each hold a reference.
struct Walk {
  InodeReference directory;
  InodeReference inode;  // none: the last component does not exist
  InodeReference link;   // the link whose target is being walked: its text must stay
  char name[NAME_MAX + 1] = {};
  bool wants_directory = false;  // a slash follows the last component
};

InodeReference child_of(Inode& directory, const char* name, i64& error) {
  if (equal(name, ".")) return InodeReference::share(&directory);
  if (equal(name, "..")) return InodeReference::share(directory.parent != nullptr ? directory.parent : root);
  if (directory.proc != nullptr) return proc_lookup(directory, name, error);
  const Entry* entry = find_entry(directory, name);
  if (entry == nullptr) error = -ENOENT;
  return InodeReference::share(entry != nullptr ? entry->inode : nullptr);
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
  const InodeReference link = static_cast<InodeReference&&>(at.inode);
  const InodeReference start = static_cast<InodeReference&&>(at.directory);
  const i64 error = walk({start.get(), link->target, true}, at, budget);
  ++budget.depth;
  return error == 0 && !at.inode ? -ENOENT : error;
}

// One component further. `last`: nothing but slashes follows it.
i64 step(const char*& path, Walk& at, bool& last) {
  if (!at.inode) return -ENOENT;
  if (!at.inode->is_directory()) return -ENOTDIR;
  at.directory = static_cast<InodeReference&&>(at.inode);
  const i64 size = next_component(path, at.name);
  if (size < 0) return size;
  const bool slash = *path == '/';
  while (*path == '/') ++path;
  last = *path == 0;
  at.wants_directory = at.wants_directory || (last && slash);
  i64 error = 0;
  at.inode = child_of(*at.directory, at.name, error);
  return !at.inode && (error != -ENOENT || !last) ? error : 0;
}

i64 walk(const PathRequest& request, Walk& at, LinkBudget& budget) {
  const char* path = request.path;
  if (*path == 0) return -ENOENT;
  at.inode = InodeReference::share(*path == '/' || request.start == nullptr ? root : request.start);
  at.directory = InodeReference::share(at.inode.get());
  copy_text(at.name, ".", sizeof at.name);
  while (*path == '/') ++path;
  while (*path != 0) {
    bool last = false;
    if (const i64 error = step(path, at, last); error != 0) return error;
    if (!at.inode || !at.inode->is_link()) continue;
    if (!last) {
      if (const i64 error = follow_link(at, budget); error != 0) return error;
    } else if (request.follow || at.wants_directory) {
      // In the last place the target simply takes the path's place: no recursion, however long the chain.
      if (budget.links-- == 0) return -ELOOP;
      at.link = static_cast<InodeReference&&>(at.inode);
      path = at.link->target;
      if (*path == 0) return -ENOENT;
      if (*path == '/') at.directory = InodeReference::share(root);
      while (*path == '/') ++path;
      at.inode = InodeReference::share(at.directory.get());
    }
  }
  return at.inode && at.wants_directory && !at.inode->is_directory() ? -ENOTDIR : 0;
}

i64 walk(const PathRequest& request, Walk& at) {
  LinkBudget budget;
  return walk(request, at, budget);
}

bool set_link_target(Inode& inode, const char* target) {
  inode.size = strlen(target);
  inode.target = copy_of_text(target);
  return inode.target != nullptr;
}

bool is_dot(const char* name) { return equal(name, ".") || equal(name, ".."); }

bool is_inside(const Inode* directory, const Inode* ancestor) {
  for (;; directory = directory->parent) {
    if (directory == ancestor) return true;
    if (directory == root || directory->parent == nullptr) return false;
  }
}

void remove_entry(Inode& directory, Entry* entry) {
  const InodeReference inode(entry->inode);
  detach(directory, entry);
  destroy_entry(entry);
  if (inode->is_directory()) inode->links = 0;  // "." and its name in the parent
}

// May a name be made where the walk has ended? 0, or why not.
i64 check_place(const Walk& at) {
  return at.directory->proc != nullptr ? -EPERM : at.directory->links == 0 ? -ENOENT : 0;
}

}  // namespace

Inode* root_directory() { return root; }

void tree_open() {
  root = create_inode(S_IFDIR | 0755);
  root->parent = root;
  root->links = 2;
}

// Every entry after all that is below it. Without recursion: a tree may be deeper than the kernel's stack.
void forget_since_boot() {
  MutexGuard guard(tree_mutex);
  for (Entry* at = root->entries.first(); at != nullptr;) {
    while (!at->inode->entries.empty()) at = at->inode->entries.first();
    for (bool climbs = true; climbs;) {
      Entry* done = at;
      Inode* directory = done->directory;
      at = EntryList::next(done);
      climbs = at == nullptr && directory != root;
      if (climbs) at = directory->names.first();
      forget_pages(*done->inode);
      if (!heap_is_boot_object(done)) remove_entry(*directory, done);
    }
  }
}

InodeReference lookup(const PathRequest& request, i64& error) {
  MutexGuard guard(tree_mutex);
  Walk at;
  error = walk(request, at);
  if (error == 0 && !at.inode) error = -ENOENT;
  return error == 0 ? static_cast<InodeReference&&>(at.inode) : InodeReference();
}

InodeReference create_at(const PathRequest& request, u32 mode, const char* target, bool exclusive,
                         i64& error) {
  MutexGuard guard(tree_mutex);
  Walk at;
  error = walk(request, at);
  if (error == 0 && at.inode && exclusive) error = -EEXIST;
  if (error != 0) return {};
  if (at.inode) return static_cast<InodeReference&&>(at.inode);
  const bool is_directory = (mode & S_IFMT) == S_IFDIR;
  error = check_place(at);
  if (error == 0 && at.wants_directory && !is_directory) error = -EISDIR;
  if (error != 0) return {};
  error = -ENOSPC;
  InodeReference inode(create_inode(mode));
  if (!inode || (target != nullptr && !set_link_target(*inode, target))) return {};
  Entry* entry = create_entry(at.name, inode.get());
  if (entry == nullptr) return {};
  if (is_directory) inode->links = 1;  // its own "."
  add_inode_reference(inode.get());    // the entry's
  attach(*at.directory, entry);
  error = 0;
  return inode;
}

i64 link_at(const PathRequest& request, Inode* inode) {
  MutexGuard guard(tree_mutex);
  if (inode->is_directory()) return -EPERM;
  Walk at;
  if (const i64 error = walk(request, at); error != 0) return error;
  if (at.inode) return -EEXIST;
  if (inode->proc != nullptr) return -EPERM;
  if (const i64 error = check_place(at); error != 0) return error;
  if (at.wants_directory) return -ENOENT;
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
  if (!at.inode) return -ENOENT;
  if (!directory && is_dot(at.name)) return -EISDIR;
  if (at.inode.get() == root || is_dot(at.name))
    return at.inode.get() == root ? -EBUSY : at.name[1] == 0 ? -EINVAL : -ENOTEMPTY;
  if (at.directory->proc != nullptr) return -EPERM;
  if (directory != at.inode->is_directory()) return directory ? -ENOTDIR : -EISDIR;
  if (directory && !at.inode->entries.empty()) return -ENOTEMPTY;
  Entry* entry = find_entry(*at.directory, at.name);
  if (entry == nullptr || at.inode->proc != nullptr) return -EBUSY;
  remove_entry(*at.directory, entry);
  return 0;
}

i64 rename_at(const PathRequest& from, const PathRequest& to, bool no_replace) {
  MutexGuard guard(tree_mutex);
  Walk source;
  Walk target;
  if (const i64 error = walk({from.start, from.path, false}, source); error != 0) return error;
  if (!source.inode) return -ENOENT;
  if (const i64 error = walk({to.start, to.path, false}, target); error != 0) return error;
  if (is_dot(source.name) || is_dot(target.name)) return -EBUSY;
  if (source.directory->proc != nullptr) return -EPERM;
  if (const i64 error = check_place(target); error != 0) return error;
  if (target.inode && no_replace) return -EEXIST;
  if (target.inode.get() == source.inode.get()) return 0;
  const bool directory = source.inode->is_directory();
  if (target.wants_directory && !directory) return -ENOTDIR;
  if (directory && is_inside(target.directory.get(), source.inode.get())) return -EINVAL;
  if (target.inode) {
    if (directory && !target.inode->is_directory()) return -ENOTDIR;
    if (!directory && target.inode->is_directory()) return -EISDIR;
    if (directory && !target.inode->entries.empty()) return -ENOTEMPTY;
  }
  Entry* fresh = create_entry(target.name, source.inode.get());
  if (fresh == nullptr) return -ENOSPC;
  if (target.inode) remove_entry(*target.directory, find_entry(*target.directory, target.name));
  Entry* old = find_entry(*source.directory, source.name);
  detach(*source.directory, old);
  destroy_entry(old);  // its reference goes to the new entry
  attach(*target.directory, fresh);
  return 0;
}

i64 path_in_tree(const Inode* inode, char* to, u64 capacity) {
  u64 at = capacity;
  if (capacity < 2) return -ERANGE;
  to[--at] = 0;
  while (inode != root) {
    const Entry* entry = inode->names.first();
    if (entry == nullptr) return -ENOENT;
    const u64 size = strlen(entry->name);
    if (at < size + 1) return -ERANGE;
    at -= size;
    memcpy(to + at, entry->name, size);
    to[--at] = '/';
    inode = entry->directory;
  }
  if (to[at] == 0) to[--at] = '/';
  memmove(to, to + at, capacity - at);
  return static_cast<i64>(capacity - at - 1);
}

i64 path_of(const Inode* inode, char* to, u64 capacity) {
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
  if (directory.proc != nullptr) return proc_entry_at(directory, position - 2, copy);
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
