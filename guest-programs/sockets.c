// Sockets of this machine: what is sent arrives, in order, where it was sent to, and ends are noticed. And epoll, which
// waits for them.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "law.h"

/* A name of this run alone: the same program may run beside it. Abstract ones begin with a zero byte. */
static struct sockaddr_un unix_name(const char* path) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  snprintf(name.sun_path, sizeof name.sun_path, "%s-%d", path, (int)getpid());
  return name;
}

static struct sockaddr_un abstract_name(const char* text, socklen_t* size) {
  struct sockaddr_un name = unix_name(text);
  const size_t length = strlen(name.sun_path);
  memmove(name.sun_path + 1, name.sun_path, length);
  name.sun_path[0] = '\0';
  *size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
  return name;
}

static int fails(long result, int error) { return result == -1 && errno == error; }

static void pairs(void) {
  int s[2];
  char buffer[64];
  law(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0, "a pair of streams is made");
  law(write(s[0], "abc", 3) == 3 && write(s[0], "def", 3) == 3, "a stream takes bytes");
  law(recv(s[1], buffer, 4, MSG_PEEK) >= 3 && memcmp(buffer, "abc", 3) == 0, "a peek leaves the bytes there");
  law(read(s[1], buffer, sizeof buffer) == 6 && memcmp(buffer, "abcdef", 6) == 0,
      "a stream joins what was written");
  law(fails(recv(s[1], buffer, 1, MSG_DONTWAIT), EAGAIN), "an empty stream that must not wait says EAGAIN");
  law(shutdown(s[0], SHUT_WR) == 0 && read(s[1], buffer, 1) == 0, "after a shutdown there is the end");
  law(write(s[1], "x", 1) == 1 && read(s[0], buffer, 1) == 1, "the other direction goes on");
  close(s[1]);
  struct pollfd p = {s[0], POLLIN, 0};
  law(poll(&p, 1, 0) == 1 && (p.revents & POLLHUP), "a closed peer hangs up");
  law(fails(send(s[0], "x", 1, MSG_NOSIGNAL), EPIPE), "sending to nobody is EPIPE");
  close(s[0]);

  socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s);
  send(s[0], "one", 3, 0), send(s[0], "two!", 4, 0);
  law(recv(s[1], buffer, 2, 0) == 2 && recv(s[1], buffer, 64, 0) == 4,
      "packets keep their bounds; what does not fit is lost");
  close(s[0]);
  law(recv(s[1], buffer, 64, 0) == 0, "packets end when the peer has gone");
  close(s[1]);
}

static void large_transfer(void) {
  enum { total = 1 << 20 };
  int s[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
  int child = fork_or_die();
  if (child == 0) {
    static unsigned char out[total];
    for (int i = 0; i < total; ++i) out[i] = (unsigned char)(i * 7 + i / 4096);
    close(s[1]);
    for (int done = 0; done < total;) {
      ssize_t part = write(s[0], out + done, total - done);
      if (part <= 0) _exit(1);
      done += part;
    }
    _exit(0);
  }
  close(s[0]);
  static unsigned char in[total + 1];
  int done = 0;
  for (ssize_t part; (part = read(s[1], in + done, sizeof in - done)) > 0;) done += part;
  int right = done == total;
  for (int i = 0; right && i < total; ++i) right = in[i] == (unsigned char)(i * 7 + i / 4096);
  law(exited_with(wait_for(child), 0) && right, "a MiB between two processes arrives as it was");
  close(s[1]);
}

static void serve(int family, const struct sockaddr* name, socklen_t size, const char* what) {
  int server = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_storage bound;
  socklen_t bound_size = sizeof bound;
  law(bind(server, name, size) == 0 && listen(server, 4) == 0, "%s: a server listens", what);
  law(getsockname(server, (struct sockaddr*)&bound, &bound_size) == 0 && bound.ss_family == family,
      "%s: it knows its name", what);
  int child = fork_or_die();
  if (child == 0) {
    int client = socket(family, SOCK_STREAM, 0);
    char answer[8] = {0};
    if (connect(client, (struct sockaddr*)&bound, bound_size) != 0) _exit(1);
    if (write(client, "ping", 4) != 4 || read(client, answer, 4) != 4) _exit(2);
    _exit(memcmp(answer, "pong", 4) != 0);
  }
  int end = accept4(server, NULL, NULL, SOCK_CLOEXEC);
  char question[8] = {0};
  law(end >= 0 && read(end, question, 4) == 4 && memcmp(question, "ping", 4) == 0,
      "%s: a client is accepted and heard", what);
  law(write(end, "pong", 4) == 4 && exited_with(wait_for(child), 0), "%s: the client hears the answer", what);
  int type = 0, error = -1, listening = 0;
  socklen_t length = sizeof type;
  getsockopt(end, SOL_SOCKET, SO_TYPE, &type, &length);
  getsockopt(end, SOL_SOCKET, SO_ERROR, &error, &length);
  getsockopt(server, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length);
  law(type == SOCK_STREAM && error == 0 && listening == 1, "%s: getsockopt tells type, error and listening",
      what);
  close(end), close(server);
  int late = socket(family, SOCK_STREAM, 0);
  law(fails(connect(late, (struct sockaddr*)&bound, bound_size), ECONNREFUSED),
      "%s: without a server a connection is refused", what);
  close(late);
}

static void names(void) {
  struct sockaddr_un path = unix_name("/tmp/hartbeat-sockets");
  unlink(path.sun_path);
  serve(AF_UNIX, (struct sockaddr*)&path, sizeof path, "a name in the tree");
  struct stat status;
  law(stat(path.sun_path, &status) == 0 && S_ISSOCK(status.st_mode),
      "the name stays when the server has gone");
  int again = socket(AF_UNIX, SOCK_STREAM, 0);
  law(fails(bind(again, (struct sockaddr*)&path, sizeof path), EADDRINUSE),
      "a name that is there cannot be bound");
  law(unlink(path.sun_path) == 0 && fails(connect(again, (struct sockaddr*)&path, sizeof path), ENOENT),
      "an unlinked name is no name");
  close(again);
  socklen_t size;
  struct sockaddr_un hidden = abstract_name("hartbeat-sockets", &size);
  serve(AF_UNIX, (struct sockaddr*)&hidden, size, "an abstract name");
  struct sockaddr_in port = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  serve(AF_INET, (struct sockaddr*)&port, sizeof port, "a port of 127.0.0.1");
}

static void datagrams(void) {
  socklen_t size;
  struct sockaddr_un a = abstract_name("hartbeat-dgram-a", &size),
                     b = abstract_name("hartbeat-dgram-b", &size);
  int x = socket(AF_UNIX, SOCK_DGRAM, 0), y = socket(AF_UNIX, SOCK_DGRAM, 0);
  char buffer[16];
  struct sockaddr_un from;
  socklen_t from_size = sizeof from;
  law(bind(x, (void*)&a, size) == 0 && bind(y, (void*)&b, size) == 0, "datagram sockets have names");
  law(fails(send(x, "?", 1, 0), ENOTCONN), "a datagram needs an address");
  law(sendto(x, "hello", 5, 0, (void*)&b, size) == 5 && sendto(x, "", 0, 0, (void*)&b, size) == 0,
      "datagrams go where they are sent");
  law(recvfrom(y, buffer, 16, 0, (void*)&from, &from_size) == 5 && from_size == size &&
          memcmp(&from, &a, size) == 0,
      "a datagram says where it comes from");
  law(recv(y, buffer, 16, 0) == 0, "an empty datagram arrives, too");
  law(connect(y, (void*)&a, size) == 0 && send(y, "back", 4, 0) == 4 && recv(x, buffer, 16, 0) == 4,
      "a connected socket needs no address");
  close(x);
  law(fails(send(y, "?", 1, 0), ECONNREFUSED), "a datagram to nobody is refused");
  close(y);
}

static void descriptors_travel(void) {
  int s[2], file[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
  if (pipe(file) != 0) return;
  union {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
  } control = {{0}};
  char byte = 'f';
  struct iovec vector = {&byte, 1};
  struct msghdr message = {
      .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  struct cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET, header->cmsg_type = SCM_RIGHTS, header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &file[1], sizeof(int));
  law(sendmsg(s[0], &message, 0) == 1, "a descriptor is sent");
  close(file[1]);
  memset(&control, 0, sizeof control);
  message.msg_controllen = sizeof control;
  law(recvmsg(s[1], &message, 0) == 1 && CMSG_FIRSTHDR(&message) &&
          CMSG_FIRSTHDR(&message)->cmsg_type == SCM_RIGHTS,
      "and received");
  int copy = -1;
  memcpy(&copy, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof copy);
  char got = 0;
  law(write(copy, "!", 1) == 1 && read(file[0], &got, 1) == 1 && got == '!', "it is the same pipe");
  close(copy);
  law(read(file[0], &got, 1) == 0, "with its last descriptor the pipe ends");
  close(file[0]), close(s[0]), close(s[1]);
}

static void epolls(void) {
  int s[2], e = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {EPOLLIN, {.u64 = 42}}, got[4];
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
  law(epoll_ctl(e, EPOLL_CTL_ADD, s[0], &event) == 0, "epoll watches a socket");
  law(fails(epoll_ctl(e, EPOLL_CTL_ADD, s[0], &event), EEXIST) &&
          fails(epoll_ctl(e, EPOLL_CTL_DEL, s[1], &event), ENOENT) &&
          fails(epoll_ctl(e, EPOLL_CTL_ADD, 999, &event), EBADF) &&
          fails(epoll_ctl(s[0], EPOLL_CTL_ADD, s[1], &event), EINVAL),
      "what makes no sense is refused");
  law(epoll_wait(e, got, 4, 0) == 0 && epoll_wait(e, got, 4, 10) == 0, "nothing is ready");
  char byte;
  if (write(s[1], "x", 1) != 1) return;
  law(epoll_wait(e, got, 4, -1) == 1 && got[0].data.u64 == 42 && got[0].events == EPOLLIN,
      "what is ready is told with its data");
  law(epoll_wait(e, got, 4, 0) == 1, "level-triggered, again and again");
  event.events = EPOLLIN | EPOLLET;
  epoll_ctl(e, EPOLL_CTL_MOD, s[0], &event);
  law(epoll_wait(e, got, 4, 0) == 1 && epoll_wait(e, got, 4, 0) == 0, "edge-triggered, once");
  law(write(s[1], "y", 1) == 1 && epoll_wait(e, got, 4, 0) == 1, "and once more for every arrival");
  event.events = EPOLLIN | EPOLLONESHOT;
  epoll_ctl(e, EPOLL_CTL_MOD, s[0], &event);
  law(epoll_wait(e, got, 4, 0) == 1 && epoll_wait(e, got, 4, 0) == 0,
      "one-shot, once until it is armed again");
  event.events = EPOLLIN | EPOLLRDHUP;
  epoll_ctl(e, EPOLL_CTL_MOD, s[0], &event);
  while (recv(s[0], &byte, 1, MSG_DONTWAIT) == 1) continue;
  int child = fork_or_die();
  if (child == 0) {
    close(s[0]);
    usleep(1000);
    _exit(write(s[1], "z", 1) != 1);
  }
  close(s[1]);
  law(epoll_wait(e, got, 4, -1) == 1 && got[0].events & EPOLLIN, "a sleeping epoll is woken");
  wait_for(child);
  law(epoll_wait(e, got, 4, -1) == 1 && (got[0].events & (EPOLLHUP | EPOLLRDHUP)) == (EPOLLHUP | EPOLLRDHUP),
      "and told of the end");
  close(s[0]);
  law(epoll_wait(e, got, 4, 0) == 0, "a closed file is watched no more");
  close(e);
}

static void mistakes(void) {
  int s = socket(AF_UNIX, SOCK_STREAM, 0);
  char buffer[4];
  law(fails(socket(99, SOCK_STREAM, 0), EAFNOSUPPORT), "unknown kinds of socket are refused");
  law(fails(listen(0, 1), ENOTSOCK) && fails(bind(999, (void*)buffer, 4), EBADF),
      "a socket call wants a socket");
  law(fails(listen(s, 1), EINVAL) && fails(accept(s, NULL, NULL), EINVAL), "without a name nobody listens");
  law(send(s, "x", 1, MSG_NOSIGNAL) == -1, "without a peer nothing is sent");
  close(s);
  int pair[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  law(fails(send(pair[0], (void*)16, 64, 0), EFAULT) && send(pair[0], "x", 1, 0) == 1 &&
          fails(recv(pair[1], (void*)16, 64, 0), EFAULT),
      "hostile addresses are not followed");
  close(pair[0]), close(pair[1]);
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  pairs();
  large_transfer();
  names();
  datagrams();
  descriptors_travel();
  epolls();
  mistakes();
  return verdict("sockets");
}
