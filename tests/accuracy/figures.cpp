#include "tests/accuracy/figures.hpp"

#include <fstream>
#include <sstream>

#include "emu/machine/user_error.hpp"

namespace hartbeat::accuracy {
namespace {

std::ifstream open(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw UserError("cannot read " + path);
  return file;
}

std::vector<std::string> split(const std::string& line, const std::string& separator) {
  std::vector<std::string> out;
  std::size_t from = 0;
  for (std::size_t at; (at = line.find(separator, from)) != std::string::npos; from = at + separator.size())
    out.push_back(line.substr(from, at - from));
  out.push_back(line.substr(from));
  return out;
}

// CSV with quotes around fields that contain a comma.
std::vector<std::string> split_csv(const std::string& line) {
  std::vector<std::string> out(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      out.emplace_back();
    else if (c != '\r')
      out.back() += c;
  }
  return out;
}

}  // namespace

std::map<RunKey, std::vector<Figure>> read_figures(const std::string& path) {
  std::ifstream file = open(path);
  std::map<RunKey, std::vector<Figure>> out;
  std::string line;
  std::getline(file, line);  // header
  while (std::getline(file, line)) {
    const auto fields = split_csv(line);
    if (fields.size() != 6) throw UserError(path + ": not six fields: " + line);
    out[{fields[0], fields[1], static_cast<unsigned>(std::stoul(fields[2]))}].push_back(
        {fields[3], std::stoull(fields[4]), std::stoull(fields[5])});
  }
  return out;
}

std::map<std::pair<std::string, std::string>, std::vector<std::string>> read_checksums(
    const std::string& path) {
  std::ifstream file = open(path);
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> out;
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string set, program, rest;
    words >> set >> program;
    std::getline(words >> std::ws, rest);
    out[{set, program}].push_back(rest);
  }
  return out;
}

Printed parse_output(const std::string& text) {
  Printed out;
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line)) {
    if (line.rfind("@ ", 0) == 0) {
      std::istringstream words(line.substr(2));
      Figure figure;
      words >> figure.metric >> figure.cycles >> figure.instret;
      out.figures.push_back(figure);
    } else if (line.rfind("# ", 0) == 0) {
      out.checksums.push_back(line.substr(2));
    } else if (line.find(" | ") != std::string::npos) {
      const auto fields = split(line, " | ");
      if (fields.size() >= 4)
        out.figures.push_back({fields[0], std::stoull(fields[2]), std::stoull(fields[3])});
    }
  }
  return out;
}

}  // namespace hartbeat::accuracy
