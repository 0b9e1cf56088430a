// Prints docs/counters.md, so that the page can be regenerated: hartbeat-counters-page > docs/counters.md
#include <cstdio>

#include "emu/observe/counter_table.hpp"

int main() {
  const std::string page = hartbeat::observe::counters_markdown();
  return std::fwrite(page.data(), 1, page.size(), stdout) == page.size() ? 0 : 1;
}
