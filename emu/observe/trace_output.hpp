// Where a trace's bytes go: a file or a stream, buffered, with one message when it cannot take more.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace hartbeat::observe {

class TraceOutput {
 public:
  // Called at most once, with a message for the user, when the trace cannot be written; what comes later is dropped.
  using ReportError = std::function<void(const std::string&)>;

  // Creates or empties the file. Throws UserError when that fails.
  TraceOutput(const std::string& path, ReportError report_error);
  // Writes to a descriptor that the caller keeps open, and closes.
  TraceOutput(int descriptor, std::string name, ReportError report_error);
  ~TraceOutput();  // writes what is left
  TraceOutput(const TraceOutput&) = delete;
  TraceOutput& operator=(const TraceOutput&) = delete;

  // Space for at least `bytes` (at most 64 KiB) in one piece; what has been filled is handed over with `filled`.
  char* room_for(std::size_t bytes) {
    if (used_ + bytes > buffer_bytes) flush();
    return buffer_.get() + used_;
  }
  void filled(const char* end) { used_ = static_cast<std::size_t>(end - buffer_.get()); }
  void write(std::string_view text);

  // Writes what is buffered. False when anything has been lost, now or earlier.
  bool flush();
  bool failed() const { return failed_; }
  // Bytes taken so far.
  std::uint64_t size() const { return written_ + used_; }

 private:
  static constexpr std::size_t buffer_bytes = std::size_t{1} << 18;

  void put(const char* at, std::size_t bytes);

  int descriptor_;
  bool owned_;
  bool failed_ = false;
  std::string name_;
  ReportError report_error_;
  std::unique_ptr<char[]> buffer_;
  std::size_t used_ = 0;
  std::uint64_t written_ = 0;
};

}  // namespace hartbeat::observe
