#include "emu/observe/commit_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>

#include "emu/machine/user_error.hpp"

namespace hartbeat::observe {
namespace {

constexpr std::size_t buffer_bytes = std::size_t{1} << 18;

int open_for_writing(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) {
    throw UserError("cannot write the trace to " + path + ": " + std::strerror(errno) +
                    "; name a file in a directory that can be written, as in --trace rtl:FILE");
  }
  return descriptor;
}

}  // namespace

CommitLog::CommitLog(const std::string& path, ReportError report_error)
    : descriptor_(open_for_writing(path)), owned_(true), name_(path), report_error_(std::move(report_error)) {
  buffer_.reserve(buffer_bytes);
}

CommitLog::CommitLog(int descriptor, std::string name, ReportError report_error)
    : descriptor_(descriptor), owned_(false), name_(std::move(name)), report_error_(std::move(report_error)) {
  buffer_.reserve(buffer_bytes);
}

CommitLog::~CommitLog() {
  flush();
  if (owned_) ::close(descriptor_);
}

void CommitLog::on_commit(const timing::TraceRecord& r) {
  char line[160];
  int length =
      std::snprintf(line, sizeof line, "%" PRIu64 " %" PRIu64 " %u %" PRIx64 " %08" PRIx32 " %u",
                    r.commit_cycle, r.issue_cycle, unsigned{r.port}, r.pc, r.bits, unsigned{r.privilege});
  if (r.trapped) {
    length += std::snprintf(line + length, sizeof line - static_cast<std::size_t>(length),
                            " TRAP cause=%" PRIx64, r.cause);
  }
  line[length++] = '\n';
  buffer_.append(line, static_cast<std::size_t>(length));
  if (buffer_.size() > buffer_bytes - sizeof line) flush();
}

bool CommitLog::flush() {
  std::size_t written = 0;
  while (!failed_ && written < buffer_.size()) {
    const ssize_t count = ::write(descriptor_, buffer_.data() + written, buffer_.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      failed_ = true;
      if (report_error_) report_error_("cannot write the trace to " + name_ + ": " + std::strerror(errno));
      break;
    }
    written += static_cast<std::size_t>(count);
  }
  buffer_.clear();
  return !failed_;
}

}  // namespace hartbeat::observe
