#include "emu/observe/trace_output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "emu/machine/user_error.hpp"

namespace hartbeat::observe {
namespace {

int open_for_writing(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) {
    throw UserError("cannot write the trace to " + path + ": " + std::strerror(errno) +
                    "; name a file in a directory that can be written, as in --trace spike:FILE");
  }
  return descriptor;
}

}  // namespace

TraceOutput::TraceOutput(const std::string& path, ReportError report_error)
    : TraceOutput(open_for_writing(path), path, std::move(report_error)) {
  owned_ = true;
}

TraceOutput::TraceOutput(int descriptor, std::string name, ReportError report_error)
    : descriptor_(descriptor),
      owned_(false),
      name_(std::move(name)),
      report_error_(std::move(report_error)),
      buffer_(std::make_unique_for_overwrite<char[]>(buffer_bytes)) {}

TraceOutput::~TraceOutput() {
  flush();
  if (owned_) ::close(descriptor_);
}

void TraceOutput::put(const char* at, std::size_t bytes) {
  written_ += bytes;
  while (bytes > 0 && !failed_) {
    const ssize_t written = ::write(descriptor_, at, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      failed_ = true;
      const std::string reason = written < 0 ? std::strerror(errno) : "nothing more fits";
      if (report_error_) report_error_("the trace " + name_ + " is incomplete: " + reason);
      return;
    }
    at += written;
    bytes -= static_cast<std::size_t>(written);
  }
}

void TraceOutput::write(std::string_view text) {
  if (text.size() > buffer_bytes - used_) flush();
  if (text.size() > buffer_bytes) return put(text.data(), text.size());
  std::memcpy(buffer_.get() + used_, text.data(), text.size());
  used_ += text.size();
}

bool TraceOutput::flush() {
  put(buffer_.get(), used_);
  used_ = 0;
  return !failed_;
}

}  // namespace hartbeat::observe
