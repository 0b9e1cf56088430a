// The best-known user of copy-on-write: a redis or valkey server forks to save its data while clients go on writing.
//
//   snapshot SERVER [KEYS [WRITES]]
//
// Starts the server, fills it, asks it to BGSAVE and writes on meanwhile; then a second server loads the file, and what
// it holds must be the data at the fork: none of the writes that came after BGSAVE.
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "law.h"

enum { value_bytes = 100, batch = 100 };

static char buffer[1 << 16];
static size_t used, at;  // of what has been received and looked at

static int start_server(const char* path, const char* name) {
  int server = fork_or_die();
  if (server == 0) {
    execl(path, path, "--port", "0", "--unixsocket", name, "--dir", "/tmp", "--save", "", "--loglevel",
          "warning", NULL);
    _exit(127);
  }
  return server;
}

static int connect_to(const char* name) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, name, sizeof address.sun_path - 1);
  for (int tries = 0; tries < 1000; ++tries) {
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(s, (struct sockaddr*)&address, sizeof address) == 0) return s;
    close(s);
    usleep(10000);
  }
  say("BROKEN: nobody listens on %s", name);
  exit(1);
}

static void send_all(int s, const char* text, size_t size) {
  while (size != 0) {
    ssize_t part = write(s, text, size);
    if (part <= 0) exit(1);
    text += part, size -= part;
  }
}

// One reply: its first line; the text of a bulk reply follows it in `text`.
static char* reply(int s, char* text, size_t capacity) {
  static char line[256];
  for (;;) {
    char* end = memchr(buffer + at, '\n', used - at);
    if (end != NULL) {
      size_t size = (size_t)(end - (buffer + at)) + 1;
      long bulk = buffer[at] == '$' ? atol(buffer + at + 1) : -1;
      if (bulk < 0 || used - at >= size + (size_t)bulk + 2) {
        snprintf(line, sizeof line, "%.*s", (int)(size < 200 ? size - 2 : 200), buffer + at);
        if (bulk >= 0 && text != NULL) snprintf(text, capacity, "%.*s", (int)bulk, buffer + at + size);
        at += size + (bulk >= 0 ? (size_t)bulk + 2 : 0);
        return line;
      }
    }
    memmove(buffer, buffer + at, used - at);
    used -= at, at = 0;
    ssize_t part = read(s, buffer + used, sizeof buffer - used);
    if (part <= 0) {
      say("BROKEN: the server hung up");
      exit(1);
    }
    used += part;
  }
}

static void value_of(char* value, int key, int version) {
  memset(value, 'a' + key % 26, value_bytes);
  int size = snprintf(value, value_bytes, "%d.%d.", key, version);
  value[size] = '-';
  value[value_bytes] = 0;
}

static size_t set_command(char* to, int key, int version) {
  char value[value_bytes + 1];
  value_of(value, key, version);
  char name[32];
  int length = snprintf(name, sizeof name, "key:%d", key);
  return (size_t)sprintf(to, "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", length, name, value_bytes,
                         value);
}

// `count` writes, of keys 0..keys-1 in turn, in batches; the number of replies that were OK.
static int write_keys(int s, int keys, int count, int version) {
  static char commands[batch * 256];
  int fine = 0;
  for (int done = 0; done < count; done += batch) {
    size_t size = 0;
    for (int i = done; i < done + batch && i < count; ++i)
      size += set_command(commands + size, (int)((unsigned)i * 7919u % (unsigned)keys), version + i / keys);
    send_all(s, commands, size);
    for (int i = done; i < done + batch && i < count; ++i) fine += strcmp(reply(s, NULL, 0), "+OK") == 0;
  }
  return fine;
}

static const char* field(const char* info, const char* name) {
  static char value[64];
  const char* found = strstr(info, name);
  snprintf(value, sizeof value, "%s", found == NULL ? "?" : found + strlen(name) + 1);
  value[strcspn(value, "\r\n")] = 0;
  return value;
}

static void info(int s, char* text, size_t capacity) {
  send_all(s, "INFO persistence\r\n", 18);
  reply(s, text, capacity);
}

static void stop(int s, int server) {
  send_all(s, "SHUTDOWN NOSAVE\r\n", 17);
  law(exited_with(wait_for(server), 0), "the server ends in order");
  close(s);
  used = at = 0;
}

static void save_while_writing(const char* path, int keys, int writes) {
  static char text[8192];
  int server = start_server(path, "/tmp/first.sock");
  int s = connect_to("/tmp/first.sock");
  law(write_keys(s, keys, keys, 0) == keys, "%d keys are written", keys);
  send_all(s, "BGSAVE\r\n", 8);
  law(strncmp(reply(s, NULL, 0), "+Background saving started", 26) == 0, "BGSAVE forks");
  law(write_keys(s, keys, writes, 1) == writes, "%d writes are served meanwhile", writes);
  do {
    usleep(1000);
    info(s, text, sizeof text);
  } while (strcmp(field(text, "rdb_bgsave_in_progress"), "0") != 0);
  law(strcmp(field(text, "rdb_last_bgsave_status"), "ok") == 0, "BGSAVE completes");
  fprintf(stderr, "snapshot: rdb_last_cow_size %s\n", field(text, "rdb_last_cow_size"));
  stop(s, server);
}

static void load_and_compare(const char* path, int keys) {
  struct stat status;
  law(stat("/tmp/dump.rdb", &status) == 0 && status.st_size > (off_t)keys * 20, "the snapshot is a file");
  int server = start_server(path, "/tmp/second.sock");
  int s = connect_to("/tmp/second.sock");
  char expected[value_bytes + 1], got[256], command[64], count[32];
  int right = 0;
  snprintf(count, sizeof count, ":%d", keys);
  send_all(s, "DBSIZE\r\n", 8);
  law(strcmp(reply(s, NULL, 0), count) == 0, "a second server finds %d keys in it", keys);
  for (int key = 0; key < keys; ++key) {
    int size = snprintf(command, sizeof command, "GET key:%d\r\n", key);
    send_all(s, command, (size_t)size);
    reply(s, got, sizeof got);
    value_of(expected, key, 0);
    right += strcmp(got, expected) == 0;
  }
  law(right == keys, "each has the value that it had at the fork");
  stop(s, server);
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  int keys = argc > 2 ? atoi(argv[2]) : 2000, writes = argc > 3 ? atoi(argv[3]) : 10000;
  signal(SIGPIPE, SIG_IGN);
  save_while_writing(argv[1], keys, writes);
  load_and_compare(argv[1], keys);
  return verdict("snapshot");
}
