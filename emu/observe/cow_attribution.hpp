// Whom the copies are to be charged to: each copied page with its process, range, store and fork, and the sums
// by store, source line, program and page.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "emu/observe/code_map.hpp"
#include "emu/observe/distribution.hpp"
#include "emu/observe/fault_record.hpp"
#include "emu/observe/process_family.hpp"

namespace hartbeat::observe {

// Source of a program's code, by the name of the program and an address in it.
using FindCode = std::function<CodePlace(const std::string& program, std::uint64_t pc)>;

struct CopySums {
  std::uint64_t copies = 0, bytes = 0, cycles = 0;
  StepCycles steps{};  // add up to `cycles`
  std::uint64_t measured_pages = 0, measured_bytes = 0, changed_bytes = 0;
};

// One instruction (or, without a fault, one system call) that had pages copied.
struct CopySite {
  std::string program;
  std::uint64_t pc = 0;  // 0: the kernel, in `system_call`
  std::optional<std::uint64_t> system_call;
  CodePlace place;
  CopySums sums;
};

struct CopyRecord {
  std::uint64_t number = 0, fault = 0;  // of the run's copies, from 0; fault 0: the kernel's own
  std::uint64_t process = 0, hart = 0, cycle = 0;
  std::size_t site = 0;
  VirtAddr page;
  std::uint64_t source = 0, destination = 0;
  std::optional<MappedRange> range;
  std::optional<std::uint64_t> fork;
  StepCycles steps{};
  std::uint64_t cycles = 0;
  std::int64_t changed_bytes = -1;  // -1: not measured
};

struct CowFigures {
  std::vector<CopySite> sites;            // most cycles first
  std::map<std::string, CopySums> lines;  // by "program file:line"; only where the line is known
  std::map<std::string, CopySums> programs;
  std::map<std::uint64_t, std::int64_t> changed;  // by virtual page number, of the measured copies
  std::array<Distribution, fault_steps.size()> steps;
  Distribution cycles;
  std::vector<CopyRecord> copies;  // the first ones
  std::uint64_t copy_count = 0;
};

class CowAttribution {
 public:
  // Keeps at most so many copies one by one.
  explicit CowAttribution(std::size_t most_copies) : most_copies_(most_copies) {}

  void add(const FaultRecord& fault);

  // `changed`: of each copy, by its number; negative where it was not measured.
  CowFigures figures(const std::vector<std::int32_t>& changed, const FindCode& find_code) const;

 private:
  using SiteKey = std::tuple<std::string, std::uint64_t, std::uint64_t>;  // program, pc, system call
  struct Brief {                                                          // what is kept of every copy
    std::uint64_t number, page;
    std::uint32_t site, bytes;
  };

  std::size_t site_of(const FaultRecord& fault);
  void keep(const FaultRecord& fault, std::size_t site);

  std::size_t most_copies_;
  std::map<SiteKey, std::size_t> site_index_;
  CowFigures so_far_;
  std::vector<Brief> all_;
};

}  // namespace hartbeat::observe
