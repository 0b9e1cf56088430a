// The recorded figures: rtl/figures.csv and rtl/checksums.txt.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace hartbeat::accuracy {

struct Figure {
  std::string metric;
  std::uint64_t cycles = 0, instret = 0;
};

// set, program, latency
using RunKey = std::tuple<std::string, std::string, unsigned>;

// Throws UserError when a file is missing or malformed.
std::map<RunKey, std::vector<Figure>> read_figures(const std::string& path);
// (set, program) to the lines behind '#', as printed.
std::map<std::pair<std::string, std::string>, std::vector<std::string>> read_checksums(
    const std::string& path);

// What a program printed: its figures in order, and its checksum lines without "# ".
struct Printed {
  std::vector<Figure> figures;
  std::vector<std::string> checksums;
};
Printed parse_output(const std::string& text);

}  // namespace hartbeat::accuracy
