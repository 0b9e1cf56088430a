#include <string>

#include "tests/unit/hart/bench.hpp"

namespace hartbeat::test {

MachineConfig small_machine(const std::string& name, unsigned harts,
                            std::initializer_list<std::string> overrides) {
  std::vector<std::string> all{"memory=16M", "harts=" + std::to_string(harts)};
  all.insert(all.end(), overrides);
  MachineConfig config = load_machine(name, all);
  config.platform.uart_output = -1;
  config.hart.reset_pc = ram;
  return config;
}

MachineConfig bench_config(unsigned harts, std::initializer_list<std::string> overrides) {
  return small_machine("virt", harts, overrides);
}

}  // namespace hartbeat::test
