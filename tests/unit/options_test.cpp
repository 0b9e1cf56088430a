#include "emu/cli/options.hpp"

#include <catch2/catch.hpp>
#include <iostream>
#include <sstream>

#include "emu/machine/user_error.hpp"

using namespace hartbeat;
using namespace hartbeat::cli;
using Catch::Matchers::Contains;

namespace {

struct Parsed {
  Options options;
  std::string out, err;
};

// Parses a command line and catches what it prints.
Parsed parse(std::vector<std::string> words) {
  words.insert(words.begin(), "hartbeat");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::ostringstream out, err;
  std::streambuf* const old_out = std::cout.rdbuf(out.rdbuf());
  std::streambuf* const old_err = std::cerr.rdbuf(err.rdbuf());
  struct Restore {
    std::streambuf *out, *err;
    ~Restore() {
      std::cout.rdbuf(out);
      std::cerr.rdbuf(err);
    }
  } restore{old_out, old_err};
  Parsed parsed;
  parsed.options = parse_options(static_cast<int>(words.size()), argv.data());
  parsed.out = out.str();
  parsed.err = err.str();
  return parsed;
}

void mistake(const std::vector<std::string>& words, const std::string& message) {
  const Parsed parsed = parse(words);
  CHECK(parsed.options.command == Command::none);
  CHECK(parsed.options.exit_status == 2);
  CHECK_THAT(parsed.err, Contains(message));
}

}  // namespace

TEST_CASE("everything behind PROGRAM is the guest's, options of ours included") {
  const RunOptions run =
      parse({"run", "--harts", "4", "./prog", "--memory", "1G", "-v", "--", "run", "--help"}).options.run;
  CHECK(run.request.program == "./prog");
  CHECK(run.request.arguments == std::vector<std::string>{"--memory", "1G", "-v", "--", "run", "--help"});
  CHECK(run.overrides == std::vector<std::string>{"harts=4"});
}

TEST_CASE("a program may be called like a command or an option") {
  CHECK(parse({"run", "machines", "x"}).options.run.request.program == "machines");
  CHECK(parse({"run", "--", "--prog", "x"}).options.run.request.program == "--prog");
  CHECK(parse({"run", "--", "--prog", "x"}).options.run.request.arguments == std::vector<std::string>{"x"});
  CHECK(parse({"run", "sh", "--", "-c"}).options.run.request.arguments ==
        std::vector<std::string>{"--", "-c"});
}

TEST_CASE("options arrive where they belong") {
  const Options options = parse({"run",       "-v",          "--machine",     "small-tlb",
                                 "--set",     "a.b=1",       "--set",         "c=2",
                                 "--memory",  "8G",          "--env",         "A=b c",
                                 "--disk",    "x.img",       "--disk",        "y.img,rw",
                                 "--trace",   "spike:t.log", "--stats",       "json:s.json",
                                 "--stats",   "text",        "--max-instret", "5",
                                 "--timeout", "1.5",         "--append",      "console=ttyS0 x=y",
                                 "p"})
                              .options;
  CHECK(options.command == Command::run);
  CHECK(options.verbose);
  const RunOptions& run = options.run;
  CHECK(run.machine == "small-tlb");
  CHECK(run.overrides == std::vector<std::string>{"a.b=1", "c=2", "memory=8G"});
  CHECK(run.request.environment == std::vector<std::string>{"A=b c"});
  CHECK(run.disks == std::vector<std::string>{"x.img", "y.img,rw"});
  REQUIRE(run.traces.size() == 1);
  CHECK(run.traces[0].file == "t.log");
  REQUIRE(run.stats.size() == 2);
  CHECK(run.stats[0].format == "json");
  CHECK(run.stats[0].file == "s.json");
  CHECK(run.stats[1].file.empty());
  CHECK(run.max_instret == 5);
  CHECK(run.timeout == 1.5);
  CHECK(run.request.append == "console=ttyS0 x=y");
}

TEST_CASE("help and version are printed with status 0") {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--help"}, {"--version"}, {"run", "--help"}, {"disasm", "--help"}}) {
    const Parsed parsed = parse(words);
    CHECK(parsed.options.command == Command::none);
    CHECK(parsed.options.exit_status == 0);
    CHECK_THAT(parsed.out, Contains("hartbeat"));
    CHECK(parsed.err.empty());
  }
}

TEST_CASE("a mistake on the command line has status 2 and says what it is") {
  mistake({}, "a command (run, report, machines or disasm)");
  mistake({"bogus"}, "bogus");
  mistake({"run", "--stats", "pdf", "p"},
          "there is no format \"pdf\"; there are: csv, full, html, json, none, text");
  mistake({"run", "--trace", "vcd", "p"}, "there is no format \"vcd\"");
  mistake({"run", "--max-cycles", "many", "p"}, "--max-cycles");
  mistake({"run", "--timeout", "-1", "p"}, "--timeout");
  mistake({"run", "--set", "harts", "p"}, "expected NAME=VALUE, found \"harts\"");
  mistake({"disasm"}, "ELF");
  CHECK_THROWS_WITH(parse({"run", "--hart", "4", "p"}), Contains("unknown option --hart"));
  CHECK_THROWS_AS(parse({"run", "--hart", "4", "p"}), UserError);
}
