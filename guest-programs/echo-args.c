/* Prints its arguments one per line, then its environment, in order: `arg[I]=…`, `env NAME=VALUE`. */
#include <stdio.h>

int main(int argc, char** argv, char** envp) {
  for (int i = 0; i < argc; ++i) printf("arg[%d]=%s\n", i, argv[i]);
  for (char** entry = envp; *entry != NULL; ++entry) printf("env %s\n", *entry);
  return 0;
}
