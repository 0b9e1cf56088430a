#include "guestos/net/epoll.hpp"

namespace guestos {

struct EpollList {
  Mutex mutex;  // of all items of all epolls: held while files are asked, so that none of them ends meanwhile
  List<Epoll, &Epoll::all_links_> all;
};

namespace {

constinit EpollList epolls;

}  // namespace

Epoll::Epoll() {
  MutexGuard guard(epolls.mutex);
  epolls.all.push_back(this);
}

Epoll::~Epoll() {
  MutexGuard guard(epolls.mutex);
  epolls.all.remove(this);
  while (EpollItem* item = items_.pop_front()) destroy(item);
}

EpollItem* Epoll::find(const File* file, u32 descriptor) const {
  EpollItem* item = items_.first();
  while (item != nullptr && (item->file != file || item->descriptor != descriptor)) item = items_.next(item);
  return item;
}

i64 Epoll::add(File* file, u32 descriptor, const EpollEvent& event) {
  if (file->epoll() != nullptr) return -ELOOP;  // an epoll of epolls
  if (file->inode() != nullptr && (file->inode()->is_regular() || file->inode()->is_directory()))
    return -EPERM;  // always ready: nothing to wait for
  MutexGuard guard(epolls.mutex);
  if (find(file, descriptor) != nullptr) return -EEXIST;
  auto* item = create<EpollItem>();
  if (item == nullptr) return -ENOMEM;
  item->file = file;
  item->descriptor = descriptor;
  item->events = event.events | static_cast<u32>(POLLERR | POLLHUP);
  item->data = event.data;
  file->watched = true;
  items_.push_back(item);
  return 0;
}

i64 Epoll::modify(const File* file, u32 descriptor, const EpollEvent& event) {
  MutexGuard guard(epolls.mutex);
  EpollItem* item = find(file, descriptor);
  if (item == nullptr) return -ENOENT;
  item->events = event.events | static_cast<u32>(POLLERR | POLLHUP);
  item->data = event.data;
  item->reported = 0;
  return 0;
}

i64 Epoll::remove(const File* file, u32 descriptor) {
  MutexGuard guard(epolls.mutex);
  EpollItem* item = find(file, descriptor);
  if (item == nullptr) return -ENOENT;
  items_.remove(item);
  destroy(item);
  return 0;
}

// Edge-triggered items say again what they have said only after something has happened somewhere: now and then once
// too often, never once too seldom.
u64 Epoll::collect(EpollEvent* to, u64 most) {
  const u64 generation = poll_generation();
  MutexGuard guard(epolls.mutex);
  u64 count = 0;
  EpollItem* last = items_.last();
  for (EpollItem* item = items_.first(); item != nullptr && count < most;) {
    EpollItem* next = item == last ? nullptr : items_.next(item);
    const i64 ready = item->events == 0 ? 0 : item->file->poll() & item->events;
    const bool edge = (item->events & EPOLLET) != 0;
    const bool stale = edge && (ready & ~item->reported) == 0 && item->seen == generation;
    item->reported = ready;
    item->seen = generation;
    if (ready != 0 && !stale) {
      to[count++] = {static_cast<u32>(ready), 0, item->data};
      if ((item->events & EPOLLONESHOT) != 0) item->events = 0;
      items_.remove(item);  // to the end: everybody's turn comes
      items_.push_back(item);
    }
    item = next;
  }
  return count;
}

i64 Epoll::poll() {
  MutexGuard guard(epolls.mutex);
  for (const EpollItem* item = items_.first(); item != nullptr; item = items_.next(item))
    if (item->events != 0 && (item->file->poll() & item->events) != 0) return POLLIN;
  return 0;
}

void Epoll::forget(const File* file) {
  for (EpollItem* item = items_.first(); item != nullptr;) {
    EpollItem* next = items_.next(item);
    if (item->file == file) {
      items_.remove(item);
      destroy(item);
    }
    item = next;
  }
}

void forget_watched(const File* file) {
  MutexGuard guard(epolls.mutex);
  for (Epoll* epoll = epolls.all.first(); epoll != nullptr; epoll = epolls.all.next(epoll))
    epoll->forget(file);
}

}  // namespace guestos
