// fuzz_NAME FILE…            runs a target on files, such as the crashes that libFuzzer found
// fuzz_NAME [--rounds N]     runs it on its seeds and N deterministic mutations of them
// fuzz_NAME --write DIR      writes the seeds to a directory, for libFuzzer to start from
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include "tests/fuzz/fuzz_target.hpp"

namespace {

using hartbeat::fuzz::Input;

void run(const Input& input) { LLVMFuzzerTestOneInput(input.data(), input.size()); }

// Flips, overwrites, inserts, removes or cuts; small edits mostly, as damage in the field is.
void mutate(Input& input, std::mt19937_64& random) {
  constexpr std::uint64_t interesting[] = {0,      1,          0x7f,       0xff,  0x7fff,
                                           0xffff, 0x7fffffff, 0xffffffff, ~0ull, 1ull << 63};
  for (unsigned edits = 1 + random() % 4; edits != 0; --edits) {
    if (input.empty()) input.push_back(static_cast<std::uint8_t>(random()));
    const std::size_t at = random() % input.size();
    switch (random() % 8) {
      case 0: input[at] = static_cast<std::uint8_t>(input[at] ^ 1u << random() % 8); break;
      case 1: input[at] = static_cast<std::uint8_t>(random()); break;
      case 2:
        input.insert(input.begin() + static_cast<std::ptrdiff_t>(at), static_cast<std::uint8_t>(random()));
        break;
      case 3: input.erase(input.begin() + static_cast<std::ptrdiff_t>(at)); break;
      case 4: input.resize(at); break;
      default: {
        const std::uint64_t value = interesting[random() % std::size(interesting)] + random() % 3 - 1;
        const std::size_t width = std::min<std::size_t>(std::size_t{1} << random() % 4, input.size() - at);
        std::memcpy(input.data() + at, &value, width);
      }
    }
  }
}

int replay(int count, char** paths) {
  for (int i = 0; i < count; ++i) {
    std::ifstream file(paths[i], std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "fuzz: cannot read %s\n", paths[i]);
      return 2;
    }
    run(Input(std::istreambuf_iterator<char>(file), {}));
  }
  return 0;
}

int write(const std::string& directory) {
  const auto seeds = hartbeat::fuzz::seeds();
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    std::ofstream file(directory + "/seed-" + std::to_string(i), std::ios::binary);
    file.write(reinterpret_cast<const char*>(seeds[i].data()), static_cast<std::streamsize>(seeds[i].size()));
    if (file) continue;
    std::fprintf(stderr, "fuzz: cannot write to %s\n", directory.c_str());
    return 2;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  unsigned long rounds = 100'000;
  if (argc > 1 && std::strcmp(argv[1], "--rounds") == 0 && argc == 3)
    rounds = std::strtoul(argv[2], nullptr, 10);
  else if (argc == 3 && std::strcmp(argv[1], "--write") == 0)
    return write(argv[2]);
  else if (argc > 1)
    return replay(argc - 1, argv + 1);

  const auto seeds = hartbeat::fuzz::seeds();
  for (const Input& seed : seeds) run(seed);
  std::mt19937_64 random(1);
  for (unsigned long round = 0; round < rounds; ++round) {
    Input input = seeds[random() % seeds.size()];
    mutate(input, random);
    run(input);
  }
  std::printf("%zu seeds, %lu mutations, no finding\n", seeds.size(), rounds);
  return 0;
}
