/* The smallest program: stdio, and the exit status. */
#include <stdio.h>

int main(void) {
  puts("hello from RISC-V");
  return 0;
}
