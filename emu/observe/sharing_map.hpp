// Who shares which frames: the page tables of all processes around a page, before and after it is written, read
// from the guest's memory as the run goes on. The textbook's figure of copy-on-write, from the live run.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "emu/observe/copy_watch.hpp"
#include "emu/observe/process_family.hpp"

namespace hartbeat::observe {

struct SharedPage {
  std::uint64_t page = 0;   // address
  std::uint64_t frame = 0;  // frame number
  bool writable = false;
};

struct SharingProcess {
  std::uint64_t pid = 0;
  std::string name;
  std::vector<SharedPage> pages;  // those present in the window, by ascending address
};

struct SharingMoment {
  std::uint64_t cycle = 0;
  std::uint64_t pid = 0;   // who forks or writes; first in `processes`
  std::uint64_t page = 0;  // address; 0 for a fork
  std::string what;        // a sentence without a full stop
  std::vector<SharingProcess> processes;
};

class SharingMap final : public Listener {
 public:
  // Keeps at most so many moments: the first ones. 0, or no memory: listens to nothing.
  SharingMap(ReadMemory read_memory, std::size_t most)
      : read_memory_(std::move(read_memory)), most_(read_memory_ ? most : 0) {}

  Wants wants() const override { return {.tracepoints = most_ != 0}; }
  void on(const TracepointEvent& event) override;

  const std::vector<SharingMoment>& moments() const { return moments_; }

 private:
  SharingMoment look(std::uint64_t cycle, std::uint64_t pid, std::uint64_t page, std::string what) const;
  std::vector<SharedPage> pages_of(std::uint64_t root, std::uint64_t page) const;
  bool translate(std::uint64_t root, std::uint64_t address, SharedPage& into) const;
  void before_fault(const TracepointEvent& event);
  void after_fault(const TracepointEvent& event);

  ReadMemory read_memory_;
  std::size_t most_;
  ProcessFamily family_;
  std::map<std::uint64_t, SharingMoment> before_;  // by hart: the fault under way there
  std::vector<SharingMoment> moments_;
};

}  // namespace hartbeat::observe
