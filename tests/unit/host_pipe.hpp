// Both ends of a pipe, for what devices read from and write to the host.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace hartbeat::test {

class HostPipe {
 public:
  HostPipe() {
    if (::pipe(ends_) != 0) throw std::string("pipe failed");
    ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
  }
  ~HostPipe() {
    ::close(ends_[0]);
    close_writer();
  }
  HostPipe(const HostPipe&) = delete;
  HostPipe& operator=(const HostPipe&) = delete;

  int reader() const { return ends_[0]; }
  int writer() const { return ends_[1]; }
  void close_writer() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }
  void send(const std::string& text) {
    if (::write(ends_[1], text.data(), text.size()) != static_cast<ssize_t>(text.size()))
      throw std::string("write");
  }
  // What has arrived so far.
  std::string received() const {
    std::string text(65536, '\0');
    const ssize_t got = ::read(ends_[0], text.data(), text.size());
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }

 private:
  int ends_[2];
};

// A host file with this content, open for reading from its beginning.
class HostFile {
 public:
  explicit HostFile(const std::string& content) {
    char name[] = "/tmp/hartbeat-test-XXXXXX";
    descriptor_ = ::mkstemp(name);
    path_ = name;
    if (::write(descriptor_, content.data(), content.size()) != static_cast<ssize_t>(content.size())) {
      throw std::string("write");
    }
    ::lseek(descriptor_, 0, SEEK_SET);
  }
  ~HostFile() {
    ::close(descriptor_);
    ::unlink(path_.c_str());
  }
  HostFile(const HostFile&) = delete;
  HostFile& operator=(const HostFile&) = delete;
  int descriptor() const { return descriptor_; }
  const std::string& path() const { return path_; }
  std::string content() const {
    std::string text(1 << 20, '\0');
    const ssize_t got = ::pread(descriptor_, text.data(), text.size(), 0);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }

 private:
  int descriptor_;
  std::string path_;
};

}  // namespace hartbeat::test
