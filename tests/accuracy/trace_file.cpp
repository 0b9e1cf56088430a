#include "tests/accuracy/trace_file.hpp"

#include <zstd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>

#include "emu/machine/user_error.hpp"

namespace hartbeat::accuracy {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw UserError("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string decompress(const std::string& path, const std::string& bytes) {
  std::string out;
  ZSTD_DStream* stream = ZSTD_createDStream();
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  std::string block(ZSTD_DStreamOutSize(), '\0');
  while (in.pos < in.size) {
    ZSTD_outBuffer piece{block.data(), block.size(), 0};
    const std::size_t result = ZSTD_decompressStream(stream, &piece, &in);
    if (ZSTD_isError(result)) {
      ZSTD_freeDStream(stream);
      throw UserError(path + ": " + ZSTD_getErrorName(result));
    }
    out.append(block.data(), piece.pos);
  }
  ZSTD_freeDStream(stream);
  return out;
}

}  // namespace

std::vector<timing::TraceRecord> read_trace(const std::string& path) {
  std::string text = read_file(path);
  if (path.size() > 4 && path.substr(path.size() - 4) == ".zst") text = decompress(path, text);
  std::vector<timing::TraceRecord> out;
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line)) {
    timing::TraceRecord r;
    unsigned port = 0, privilege = 0;
    const int fields = std::sscanf(line.c_str(), "%" SCNu64 " %" SCNu64 " %u %" SCNx64 " %" SCNx32 " %u",
                                   &r.commit_cycle, &r.issue_cycle, &port, &r.pc, &r.bits, &privilege);
    if (fields != 6) throw UserError(path + ": not a trace line: " + line);
    r.port = static_cast<std::uint8_t>(port);
    r.privilege = static_cast<std::uint8_t>(privilege);
    const std::size_t trap = line.find("TRAP cause=");
    r.trapped = trap != std::string::npos;
    if (r.trapped) r.cause = std::stoull(line.substr(trap + 11), nullptr, 16);
    out.push_back(r);
  }
  return out;
}

std::string format(const timing::TraceRecord& r) {
  char line[128];
  std::snprintf(line, sizeof line, "%" PRIu64 " %" PRIu64 " %u %" PRIx64 " %08" PRIx32 " %u", r.commit_cycle,
                r.issue_cycle, unsigned{r.port}, r.pc, r.bits, unsigned{r.privilege});
  std::string out = line;
  if (r.trapped) {
    std::snprintf(line, sizeof line, " TRAP cause=%" PRIx64, r.cause);
    out += line;
  }
  return out;
}

TraceComparison compare(const std::vector<timing::TraceRecord>& reference,
                        const std::vector<timing::TraceRecord>& ours) {
  TraceComparison out;
  const std::size_t common = std::min(reference.size(), ours.size());
  out.first = reference.size();
  for (std::size_t i = 0; i < common; ++i) {
    const timing::TraceRecord &a = reference[i], &b = ours[i];
    const bool path = a.pc == b.pc && a.bits == b.bits && a.trapped == b.trapped && a.cause == b.cause &&
                      a.privilege == b.privilege;
    const bool exact =
        path && a.commit_cycle == b.commit_cycle && a.issue_cycle == b.issue_cycle && a.port == b.port;
    if (!exact && out.first == reference.size()) out.first = i;
    if (!path) {
      out.same_path = false;
      break;
    }
    out.exact += exact;
  }
  // The RTL goes on for a few instructions after the store that ends the run.
  constexpr std::size_t afterwards = 4;
  if (ours.size() > reference.size() || ours.size() + afterwards < reference.size()) {
    out.same_path = false;
    out.first = std::min(out.first, common);
  }
  out.instructions = out.same_path ? common : reference.size();
  if (out.first > out.instructions) out.first = out.instructions;
  return out;
}

}  // namespace hartbeat::accuracy
