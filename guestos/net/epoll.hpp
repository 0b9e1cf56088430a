// epoll: a set of files to be waited for again and again.
#pragma once

#include "guestos/fs/file.hpp"

namespace guestos {

inline constexpr u32 EPOLLONESHOT = u32{1} << 30, EPOLLET = u32{1} << 31;

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

class Epoll final : public File {
 public:
  Epoll();
  ~Epoll() override;
  i64 poll() override;
  Epoll* epoll() override { return this; }

  i64 add(File* file, u32 descriptor, const EpollEvent& event);
  i64 modify(const File* file, u32 descriptor, const EpollEvent& event);
  i64 remove(const File* file, u32 descriptor);
  // What is ready now, at most `most`; the number.
  u64 collect(EpollEvent* to, u64 most);
  void forget(const File* file);

 private:
  EpollItem* find(const File* file, u32 descriptor) const;
  List<EpollItem, &EpollItem::links> items_;
  Links<Epoll> all_links_ = {};
  friend struct EpollList;
};

void forget_watched(const File* file);

}  // namespace guestos
