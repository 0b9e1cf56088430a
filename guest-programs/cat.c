/* Standard input to standard output, until end of file. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char buffer[65536];

int main(void) {
  for (;;) {
    ssize_t got = read(STDIN_FILENO, buffer, sizeof buffer);
    if (got == 0) return 0;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      fprintf(stderr, "cat: read: %s\n", strerror(errno));
      return 1;
    }
    for (ssize_t done = 0; done < got;) {
      ssize_t written = write(STDOUT_FILENO, buffer + done, (size_t)(got - done));
      if (written < 0) {
        fprintf(stderr, "cat: write: %s\n", strerror(errno));
        return 1;
      }
      done += written;
    }
  }
}
