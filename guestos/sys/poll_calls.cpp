// Waiting for several files: ppoll, pselect6, epoll.
#include "guestos/sys/clock.hpp"
#include "guestos/sys/path_argument.hpp"

namespace guestos {

namespace {

struct PollRequest {
  i32 fd;
  std::int16_t events;
  std::int16_t revents;
};

i64 poll_once(PollRequest& request) {
  request.revents = 0;
  if (request.fd < 0) return 0;
  FileArgument file(static_cast<u64>(request.fd));
  const i64 ready = file ? file->poll() & (request.events | POLLERR | POLLHUP) : POLLNVAL;
  request.revents = static_cast<std::int16_t>(ready);
  return ready != 0 ? 1 : 0;
}

// Until count() files are ready: how many, 0 at the deadline, or `interrupted`.
template <typename Count>
i64 wait_until_ready(u64 deadline, i64 interrupted, Count count) {
  for (;;) {
    const u64 seen = poll_generation();
    const i64 ready = count();
    if (ready != 0 || ticks_now() >= deadline) return ready;
    if (wait_for_poll(seen, deadline) == Wake::signal) return interrupted;
  }
}

i64 poll_until(PollRequest* requests, u64 count, u64 deadline) {
  return wait_until_ready(deadline, -ERESTARTNOHAND, [&] {
    i64 ready = 0;
    for (u64 i = 0; i < count; ++i) ready += poll_once(requests[i]);
    return ready;
  });
}

i64 sys_ppoll(const Arguments& call) {
  if (call.b > FileTable::capacity) return -EINVAL;
  u64 deadline = 0;
  if (const i64 error = get_deadline(call.c, deadline); error != 0) return error;
  const u64 size = call.b * sizeof(PollRequest);
  HeapBuffer<PollRequest> requests(call.b + 1);
  if (!requests) return -ENOMEM;
  if (copy_from_user(requests.get(), call.a, size) != 0) return -EFAULT;
  TemporaryMask mask;
  if (const i64 error = mask.set(call.d, call.e); error != 0) return error;
  const i64 ready = mask.finish(poll_until(requests.get(), call.b, deadline));
  if (ready >= 0 && copy_to_user(call.a, requests.get(), size) != 0) return -EFAULT;
  return ready;
}

constexpr u64 select_words = FileTable::capacity / 64;
using SelectSet = u64[select_words];

i64 sys_pselect6(const Arguments& call) {
  const u64 count = min_of<u64>(call.a, FileTable::capacity);
  const u64 bytes = (count + 63) / 64 * 8;
  if (static_cast<i32>(call.a) < 0) return -EINVAL;
  u64 deadline = 0;
  if (const i64 error = get_deadline(call.e, deadline); error != 0) return error;
  HeapBuffer<SelectSet> sets(3);
  HeapBuffer<PollRequest> requests(count + 1);
  if (!sets || !requests) return -ENOMEM;
  const u64 addresses[3] = {call.b, call.c, call.d};
  static constexpr i64 wanted[3] = {POLLIN, POLLOUT, POLLPRI};
  static constexpr i64 meanings[3] = {POLLIN | POLLHUP | POLLERR, POLLOUT | POLLERR, POLLPRI};
  memset(sets.get(), 0, 3 * sizeof(SelectSet));
  for (unsigned i = 0; i < 3; ++i)
    if (addresses[i] != 0 && copy_from_user(sets[i], addresses[i], bytes) != 0) return -EFAULT;
  u64 used = 0;
  for (u64 fd = 0; fd < count; ++fd) {
    i64 events = 0;
    for (unsigned i = 0; i < 3; ++i) events |= (sets[i][fd / 64] >> fd % 64 & 1) != 0 ? wanted[i] : 0;
    if (events != 0) requests[used++] = {static_cast<i32>(fd), static_cast<std::int16_t>(events), 0};
  }
  u64 mask_argument[2] = {};  // address and size
  if (call.f != 0 && get_user(mask_argument, call.f) != 0) return -EFAULT;
  TemporaryMask mask;
  if (const i64 error = mask.set(mask_argument[0], mask_argument[1]); error != 0) return error;
  const i64 ready = mask.finish(poll_until(requests.get(), used, deadline));
  if (ready < 0) return ready;
  i64 bits = 0;
  memset(sets.get(), 0, 3 * sizeof(SelectSet));
  for (u64 i = 0; i < used; ++i) {
    const PollRequest& one = requests[i];
    if ((one.revents & POLLNVAL) != 0) return -EBADF;
    for (unsigned set = 0; set < 3; ++set) {
      if ((one.events & wanted[set]) == 0 || (one.revents & meanings[set]) == 0) continue;
      sets[set][one.fd / 64] |= u64{1} << one.fd % 64;
      ++bits;
    }
  }
  for (unsigned i = 0; i < 3; ++i)
    if (addresses[i] != 0 && copy_to_user(addresses[i], sets[i], bytes) != 0) return -EFAULT;
  return bits;
}

constexpr u32 EPOLLONESHOT = u32{1} << 30, EPOLLET = u32{1} << 31;

struct EpollEvent {  // struct epoll_event; packed on x86 only
  u32 events;
  u32 pad;
  u64 data;
};

// One watched descriptor. Holds no reference to its file: a file that ends leaves every epoll (forget_watched).
struct EpollItem {
  Links<EpollItem> links = {};
  File* file = nullptr;
  u32 descriptor = 0;
  u32 events = 0;  // 0 after a one-shot
  u64 data = 0;
  i64 reported = 0;  // what an edge-triggered item has already said, at
  u64 seen = 0;      // this generation of poll events
};

// Of all items of all epolls: held while files are asked, so that none ends meanwhile.
constinit Mutex epolls_mutex;

}  // namespace

// A set of files to be waited for again and again.
class Epoll final : public File {
 public:
  Epoll();
  ~Epoll() override;
  Epoll* epoll() override { return this; }

  i64 add(File* file, u32 descriptor, const EpollEvent& event) {
    if (file->epoll() != nullptr) return -ELOOP;  // an epoll of epolls
    if (file->inode() != nullptr && (file->inode()->is_regular() || file->inode()->is_directory()))
      return -EPERM;  // always ready: nothing to wait for
    MutexGuard guard(epolls_mutex);
    if (find(file, descriptor) != nullptr) return -EEXIST;
    auto* item = create<EpollItem>();
    if (item == nullptr) return -ENOMEM;
    item->file = file;
    item->descriptor = descriptor;
    set_event(*item, event);
    file->watched = true;
    items_.push_back(item);
    return 0;
  }

  // `event` nullptr: to be watched no more.
  i64 change(const File* file, u32 descriptor, const EpollEvent* event) {
    MutexGuard guard(epolls_mutex);
    EpollItem* item = find(file, descriptor);
    if (item == nullptr) return -ENOENT;
    if (event == nullptr) {
      discard(item);
    } else {
      set_event(*item, *event);
    }
    return 0;
  }

  // What is ready now, at most `most`; the number. Edge-triggered items say again what they have said only after
  // something has happened somewhere: now and then once too often, never once too seldom.
  i64 collect(EpollEvent* to, u64 most) {
    const u64 generation = poll_generation();
    MutexGuard guard(epolls_mutex);
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
    return static_cast<i64>(count);
  }

  i64 poll() override {
    MutexGuard guard(epolls_mutex);
    for (const EpollItem& item : items_)
      if (item.events != 0 && (item.file->poll() & item.events) != 0) return POLLIN;
    return 0;
  }

  void forget(const File* file) {
    for (EpollItem& item : items_)
      if (item.file == file) discard(&item);
  }

  Links<Epoll> all_links;

 private:
  EpollItem* find(const File* file, u32 descriptor) const {
    for (EpollItem& item : items_)
      if (item.file == file && item.descriptor == descriptor) return &item;
    return nullptr;
  }

  static void set_event(EpollItem& item, const EpollEvent& event) {
    item.events = event.events | static_cast<u32>(POLLERR | POLLHUP);
    item.data = event.data;
    item.reported = 0;
  }

  void discard(EpollItem* item) {
    items_.remove(item);
    destroy(item);
  }

  List<EpollItem, &EpollItem::links> items_;
};

static constinit List<Epoll, &Epoll::all_links> epolls;

Epoll::Epoll() {
  MutexGuard guard(epolls_mutex);
  epolls.push_back(this);
}

Epoll::~Epoll() {
  MutexGuard guard(epolls_mutex);
  epolls.remove(this);
  while (EpollItem* item = items_.pop_front()) destroy(item);
}

namespace {

i64 sys_epoll_create1(const Arguments& call) {
  if ((call.a & ~u64{O_CLOEXEC}) != 0) return -EINVAL;
  auto* epoll = create<Epoll>();
  if (epoll == nullptr) return -ENOMEM;
  epoll->flags = O_RDWR;
  return current_process().files->add(epoll, (call.a & O_CLOEXEC) != 0);
}

i64 sys_epoll_ctl(const Arguments& call) {
  constexpr u64 EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL = 2, EPOLL_CTL_MOD = 3;
  EpollEvent event = {};
  if (call.b != EPOLL_CTL_DEL && get_user(event, call.d) != 0) return -EFAULT;
  FileArgument epoll(call.a);
  FileArgument file(call.c);
  if (!epoll || !file) return -EBADF;
  if (epoll->epoll() == nullptr || epoll.get() == file.get()) return -EINVAL;
  const u32 descriptor = static_cast<u32>(call.c);
  switch (call.b) {
    case EPOLL_CTL_ADD: return epoll->epoll()->add(file.get(), descriptor, event);
    case EPOLL_CTL_DEL: return epoll->epoll()->change(file.get(), descriptor, nullptr);
    case EPOLL_CTL_MOD: return epoll->epoll()->change(file.get(), descriptor, &event);
    default: return -EINVAL;
  }
}

i64 epoll_wait(File& file, const Arguments& call, u64 deadline) {
  constexpr u64 at_once = 256;
  if (file.epoll() == nullptr || static_cast<i32>(call.c) <= 0) return -EINVAL;
  const u64 most = min_of(call.c, at_once);
  if (!is_user_range(call.b, most * sizeof(EpollEvent))) return -EFAULT;
  HeapBuffer<EpollEvent> events(most);
  if (!events) return -ENOMEM;
  TemporaryMask mask;
  if (const i64 error = mask.set(call.e, call.f); error != 0) return error;
  auto collect = [&] { return file.epoll()->collect(events.get(), most); };
  const i64 ready = mask.finish(wait_until_ready(deadline, -EINTR, collect));
  if (ready > 0 && copy_to_user(call.b, events.get(), static_cast<u64>(ready) * sizeof(EpollEvent)) != 0)
    return -EFAULT;
  return ready;
}

i64 epoll_pwait(File& file, const Arguments& call) {
  const i64 milliseconds = static_cast<i32>(call.d);
  const u64 deadline = milliseconds < 0
                           ? ~u64{0}
                           : ticks_now() + nanoseconds_to_ticks(static_cast<u64>(milliseconds) * 1'000'000);
  return epoll_wait(file, call, deadline);
}

i64 epoll_pwait2(File& file, const Arguments& call) {
  u64 deadline = 0;
  const i64 error = get_deadline(call.d, deadline);
  return error != 0 ? error : epoll_wait(file, call, deadline);
}

constexpr SystemCallRow rows[] = {
    {20, sys_epoll_create1}, {21, sys_epoll_ctl}, {22, on_file<epoll_pwait>},
    {72, sys_pselect6},      {73, sys_ppoll},     {441, on_file<epoll_pwait2>},
};

}  // namespace

void forget_watched(const File* file) {
  MutexGuard guard(epolls_mutex);
  for (Epoll& epoll : epolls) epoll.forget(file);
}

constinit const SystemCallRows poll_calls = rows;

}  // namespace guestos
