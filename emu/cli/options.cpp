#include "emu/cli/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <iostream>

#include "emu/machine/user_error.hpp"
#include "emu/observe/saved_report.hpp"
#include "emu/observe/trace_formats.hpp"

namespace hartbeat::cli {
namespace {

constexpr const char* run_description =
    "Run a program: hartbeat run [OPTIONS] PROGRAM [ARGS...]\n"
    "  PROGRAM is a bare-metal or kernel ELF, or a Linux/riscv64 ELF (then the bundled guest OS is booted to "
    "run it).\n"
    "  What follows PROGRAM is the program's. The exit status is the guest's; 2: a mistake of yours; 124: a "
    "limit was\n"
    "  reached; 125: the guest went wrong beyond repair; 130: interrupted.";

OutputChoice parse_output(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return {text, ""};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

// The format is one of `formats`.
CLI::Validator output_of(const std::set<std::string>& formats) {
  return CLI::Validator(
      [formats](const std::string& text) {
        if (formats.contains(parse_output(text).format)) return std::string();
        std::string known;
        for (const std::string& format : formats) known += (known.empty() ? "" : ", ") + format;
        return "there is no format \"" + parse_output(text).format + "\"; there are: " + known;
      },
      "");
}

// "fault:N", N from 1; 0 for anything else.
std::uint64_t parse_fault(const std::string& text) {
  constexpr std::string_view prefix = "fault:";
  std::uint64_t number = 0;
  if (!text.starts_with(prefix)) return 0;
  const char *begin = text.data() + prefix.size(), *end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(begin, end, number);
  return error == std::errc() && rest == end ? number : 0;
}

std::string fault_number(const std::string& text) {
  return parse_fault(text) == 0 ? "expected fault:N with N from 1, found \"" + text + "\"" : "";
}

std::string from_one(const std::string& text) {
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  return digits && text.find_first_not_of('0') != std::string::npos
             ? ""
             : "expected a number from 1, found \"" + text + "\"";
}

std::string assignment(const std::string& text) {
  const std::size_t equals = text.find('=');
  return equals == std::string::npos || equals == 0 ? "expected NAME=VALUE, found \"" + text + "\"" : "";
}

void add_machine_options(CLI::App& app, RunOptions& run) {
  app.add_option("--machine", run.machine, "Bundled machine's name, or a TOML file")->type_name("NAME|FILE");
  app.add_option("--set", run.overrides, "Override one configuration key; repeatable")
      ->check(CLI::Validator(assignment, ""))
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  const auto shorthand = [&](const char* option, const char* key, const char* type, const char* help) {
    app.add_option_function<std::string>(
           option,
           [&run, key](const std::string& value) { run.overrides.push_back(std::string(key) + "=" + value); },
           help)
        ->type_name(type);
  };
  shorthand("--harts", "harts", "N", "Number of harts, 1 to 64");
  shorthand("--memory", "memory", "SIZE", "RAM, such as 512M or 8G");
  shorthand("--timing", "timing", "MODEL",
            "Cycle model: none (one instruction is one cycle), or cva6 (on its own machine unless --machine "
            "is given)");
}

void add_image_options(CLI::App& app, RunOptions& run) {
  RunRequest& request = run.request;
  app.add_option("--firmware", request.firmware, "M-mode firmware instead of the bundled one, or none")
      ->type_name("ELF|none");
  app.add_option("--kernel", request.kernel, "Kernel: ELF, Linux Image or raw binary, also gzip'd")
      ->type_name("FILE");
  app.add_option("--initrd", request.initrd, "Initial archive (cpio)")->type_name("FILE");
  app.add_option("--root", request.root, "Directory that becomes / of a Linux program")->type_name("DIR");
  app.add_option("--append", request.append, "Kernel command line")->type_name("TEXT");
  app.add_option("--env", request.environment, "Environment variable of a Linux program; repeatable")
      ->check(CLI::Validator(assignment, ""))
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  app.add_option("--disk", run.disks, "virtio block device; writes are forgotten unless ,rw; repeatable")
      ->type_name("FILE[,rw]")
      ->allow_extra_args(false);
  app.add_option(
         "--net", run.network,
         "virtio network device; user: through the host's sockets (the run then depends on who answers, and "
         "when), and ports of the host's loopback address lead to the guest")
      ->type_name("none|user[,tcp:HOST:GUEST]...");
  app.add_option("--console", run.console,
                 "Where a kernel's console is: uart (default), or virtio (hvc0 of Linux), which knows the "
                 "size of the window")
      ->check(CLI::IsMember({"uart", "virtio"}))
      ->type_name("uart|virtio");
  app.add_option_function<std::string>(
         "--reboot", [&run](const std::string& choice) { run.restarts = choice == "restart"; },
         "A guest that asks for a reset: end the run (default), or restart the machine; disks keep what was "
         "written to "
         "them, and reports and traces are of the last boot")
      ->check(CLI::IsMember({"end", "restart"}))
      ->type_name("end|restart");
  app.add_option("--dtb", request.device_tree, "Device tree blob instead of the generated one")
      ->type_name("FILE");
  app.add_option("--dump-dtb", run.dump_dtb, "Write the device tree to a file and exit")->type_name("FILE");
}

void add_outputs(CLI::App& app, const char* option, std::vector<OutputChoice>& into,
                 const std::set<std::string>& formats, const std::string& help) {
  app.add_option_function<std::vector<std::string>>(
         option,
         [&into](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) into.push_back(parse_output(text));
         },
         help)
      ->check(output_of(formats))
      ->type_name("FORMAT[:FILE]")
      ->allow_extra_args(false);
}

// "spike (Spike's commit log), …"
std::string describe_trace_formats() {
  std::string text;
  for (const observe::TraceFormat& format : observe::trace_formats())
    text += (text.empty() ? "" : ", ") + format.name + " (" + format.description + ")";
  return text;
}

std::set<std::string> trace_format_names() {
  std::set<std::string> names;
  for (const observe::TraceFormat& format : observe::trace_formats()) names.insert(format.name);
  return names;
}

void add_trace_options(CLI::App& app, RunOptions& run) {
  std::set<std::string> formats = trace_format_names();
  formats.insert({"binary", "events"});
  add_outputs(
      app, "--trace", run.traces, formats,
      "Trace the run: binary (a recording of everything, for hartbeat report), events (the same without "
      "instructions, at full speed), " +
          describe_trace_formats() + "; FILE - is standard output; repeatable");
  app.add_option(
         "--trace-filter", run.trace_filter,
         "What the traces take, such as \"process=a.out and privilege=u and from=cow_copy@3\"; tests: hart, "
         "privilege, pid, process, pc, symbol, cycle, instret, from, to; with and, or, not, parentheses")
      ->type_name("EXPR");
  app.add_option("--trace-last", run.trace_last,
                 "A recording keeps about the last N instructions only, and what happened in them")
      ->check(CLI::Validator(from_one, ""))
      ->type_name("N");
  app.add_option("--trace-error", run.trace_error,
                 "When a trace cannot be written any more: continue without it (default), or stop the run")
      ->check(CLI::IsMember({"stop", "continue"}))
      ->type_name("stop|continue");
}

void add_explain(CLI::App& app, std::uint64_t& fault) {
  app.add_option_function<std::string>(
         "--explain", [&fault](const std::string& text) { fault = parse_fault(text); },
         "Tell one page fault in words: what was tried, what the walker read, what the kernel did")
      ->check(CLI::Validator(fault_number, ""))
      ->type_name("fault:N");
}

void add_output_options(CLI::App& app, RunOptions& run) {
  add_trace_options(app, run);
  add_outputs(app, "--stats", run.stats, {"text", "full", "json", "html", "csv", "none"},
              "Report at the end: text (one screen), full (every table of it), json, html (a page for the "
              "browser), csv or none; repeatable");
  add_explain(app, run.explain);
  app.add_flag("--quiet", run.quiet, "No report but those that --stats asks for, and no messages but errors");
  app.add_option("--max-cycles", run.max_cycles, "Stop when a hart's clock gets there")->type_name("N");
  app.add_option("--max-instret", run.max_instret, "Stop when a hart has retired so many instructions")
      ->type_name("N");
  app.add_option("--timing-from", run.timing_from,
                 "Begin the cycle model there, and run functionally before: instret:N, cycle:N, symbol:NAME, "
                 "hint:N or event:user")
      ->type_name("POINT");
  app.add_option("--timing-to", run.timing_to, "End the cycle model there, and run functionally after")
      ->type_name("POINT");
  app.add_option("--timing-warm", run.timing_warm,
                 "Let the model warm up for so many instructions before its cycles are counted")
      ->type_name("N");
  app.add_option("--timeout", run.timeout, "Stop after so many seconds of host time")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.001, 1e9).description(""));
}

void add_report_options(CLI::App& app, ReportOptions& report) {
  app.add_option("FILE", report.files, "Recordings, or reports of --stats json; two are compared")
      ->required();
  app.add_option("--html", report.html, "Write the report as a page for the browser")->type_name("FILE");
  add_outputs(app, "--csv", report.tables, {observe::table_names().begin(), observe::table_names().end()},
              "Write a table of the report; repeatable");
  app.add_option("--map", report.map,
                 "Draw who shared what, before or after a copy, as SVG to standard output")
      ->check(CLI::Validator(from_one, ""))
      ->type_name("N");
  add_explain(app, report.explain);
  add_outputs(app, "--export", report.exports, trace_format_names(),
              "Write a trace of the recorded run: " + describe_trace_formats() + "; repeatable");
  app.add_flag("--json", report.json, "Print the report as JSON instead of text");
  app.add_flag("--full", report.full, "Print every table of the report, not only one screen of it");
  app.add_option("--from-cycle", report.from_cycle, "Export what happened in this cycle and later")
      ->type_name("N");
  app.add_option("--to-cycle", report.to_cycle, "Export what happened up to this cycle")->type_name("N");
}

// The words of the command line, cut at the first "--" of `run`: what is behind it is the guest's in any
// case.
struct Words {
  std::vector<std::string> ours, behind_mark;
  bool marked = false;
};

Words split(int argc, char** argv) {
  Words words;
  words.ours.assign(argv + 1, argv + argc);
  const auto mark = std::find(words.ours.begin(), words.ours.end(), "--");
  words.marked = mark != words.ours.end() && std::find(words.ours.begin(), mark, "run") != mark;
  if (!words.marked) return words;
  words.behind_mark.assign(mark + 1, words.ours.end());
  words.ours.erase(mark, words.ours.end());
  return words;
}

// Everything from PROGRAM on is the guest's and has not been looked at.
void take_program(const CLI::App& run_app, const Words& words, RunOptions& run) {
  std::vector<std::string> rest = run_app.remaining();
  if (!rest.empty() && rest.front().size() > 1 && rest.front().front() == '-') {
    throw UserError("unknown option " + rest.front() + "; hartbeat run --help lists the options");
  }
  if (!rest.empty() && words.marked) rest.emplace_back("--");  // the program's own
  rest.insert(rest.end(), words.behind_mark.begin(), words.behind_mark.end());
  if (rest.empty()) return;
  run.request.program = rest.front();
  run.request.arguments.assign(rest.begin() + 1, rest.end());
}

}  // namespace

Options parse_options(int argc, char** argv) {
  Options options;
  const Words words = split(argc, argv);
  CLI::App app("Hartbeat: a RISC-V system emulator that explains what a fork cost", "hartbeat");
  app.require_subcommand(0, 1);
  app.set_version_flag("--version", "hartbeat " HARTBEAT_VERSION);
  app.add_flag("-v,--verbose", options.verbose, "Say what is loaded where");

  CLI::App* run = app.add_subcommand("run", run_description)->prefix_command();
  run->add_flag("-v,--verbose", options.verbose, "Say what is loaded where");
  add_machine_options(*run, options.run);
  add_image_options(*run, options.run);
  add_output_options(*run, options.run);

  CLI::App* report =
      app.add_subcommand("report", "Show what a recording (--trace binary:FILE) holds, or export it");
  add_report_options(*report, options.report);

  CLI::App* machines = app.add_subcommand("machines", "List the bundled machines, or print one as TOML");
  machines->add_option("NAME", options.machines.name, "Machine to print");

  CLI::App* disasm = app.add_subcommand("disasm", "Disassemble a RISC-V ELF file");
  disasm->add_option("ELF", options.disasm.file, "File to disassemble")->required();
  disasm->add_option("--machine", options.disasm.machine, "Whose extensions to decode")
      ->type_name("NAME|FILE");

  try {
    app.parse(
        std::vector<std::string>(words.ours.rbegin(), words.ours.rend()));  // CLI11 takes them backwards
    if (app.get_subcommands().empty())
      throw CLI::RequiredError("a command (run, report, machines or disasm)");
    if (run->parsed()) take_program(*run, words, options.run);
  } catch (const CLI::ParseError& error) {
    const bool said_what_was_asked = error.get_exit_code() == 0;  // --help, --version
    if (said_what_was_asked) {
      app.exit(error);
    } else {
      std::cerr << "hartbeat: " << error.what() << "\nhartbeat --help lists commands and options\n";
    }
    options.exit_status = said_what_was_asked ? 0 : UserError::exit_status;
    return options;
  }
  options.command = run->parsed()        ? Command::run
                    : report->parsed()   ? Command::report
                    : machines->parsed() ? Command::machines
                                         : Command::disasm;
  return options;
}

}  // namespace hartbeat::cli
