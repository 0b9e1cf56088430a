// The command line as data. Parsing only: nothing is opened or run here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "emu/machine/loader.hpp"

namespace hartbeat::cli {

// FORMAT[:FILE] of --trace and --stats. Without a file: standard error; "-": standard output.
struct OutputChoice {
  std::string format;
  std::string file;
};

struct RunOptions {
  std::string machine;                 // empty: virt, or the core's own machine with a cycle model
  std::vector<std::string> overrides;  // "key=value", in the order given; --harts and the like come last
  RunRequest request;
  std::vector<std::string> disks;  // "FILE" or "FILE,rw"
  std::string network;             // "user", with ports of the host; empty or "none": none
  std::string console = "uart";    // or virtio: where a system of its own has standard input and output
  bool restarts = false;           // a guest that asks for a reset gets one, instead of the end of the run
  std::string dump_dtb;
  std::vector<OutputChoice> traces;
  std::string trace_filter;              // empty: everything
  std::string trace_error = "continue";  // or stop
  std::uint64_t trace_last = 0;          // instructions that a recording keeps; 0: all
  std::vector<OutputChoice> stats;       // empty: text
  std::uint64_t explain = 0;             // number of a page fault; 0: none
  bool quiet = false;                    // no report but those asked for
  std::uint64_t max_cycles = ~std::uint64_t{0}, max_instret = ~std::uint64_t{0};
  std::optional<double> timeout;       // seconds of host time
  std::string timing_from, timing_to;  // points of the run; empty: reset, end
  std::uint64_t timing_warm = 0;       // instructions
};

struct MachinesOptions {
  std::string name;  // print this machine's file; empty: list all
};

struct DisasmOptions {
  std::string file;
  std::string machine = "virt";
};

struct ReportOptions {
  std::vector<std::string> files;
  std::vector<OutputChoice> exports;
  std::string html;                  // file; empty: none
  std::vector<OutputChoice> tables;  // as CSV
  std::uint64_t map = 0;             // moment of the sharing map, from 1; 0: none
  std::uint64_t explain = 0;         // number of a page fault, from 1; 0: none
  bool json = false, full = false;
  std::uint64_t from_cycle = 0, to_cycle = ~std::uint64_t{0};
};

enum class Command { none, run, report, machines, disasm };

struct Options {
  Command command = Command::none;
  int exit_status = 0;  // with `none`: everything has been said (--help, --version, or a mistake)
  bool verbose = false;
  RunOptions run;
  ReportOptions report;
  MachinesOptions machines;
  DisasmOptions disasm;
};

// Prints help and mistakes itself. Mistakes have exit status 2.
Options parse_options(int argc, char** argv);

}  // namespace hartbeat::cli
