// --trace callgrind: a profile in Callgrind's format, by source line, with a column for each cost.
#pragma once

#include "emu/observe/folded_stacks.hpp"

namespace hartbeat::observe {

class CallgrindProfile final : public StackTrace {
 public:
  CallgrindProfile(const TraceContext& context, std::unique_ptr<TraceOutput> output)
      : StackTrace(context, std::move(output)), command_(context.program) {
    for (const std::string& argument : context.arguments) command_ += " " + argument;
  }
  bool finish() override;

 private:
  struct Edge {  // calls of one function from one line
    std::uint64_t calls = 0;
    Costs inclusive{};
  };
  using Edges = std::map<std::tuple<unsigned, unsigned, unsigned>, Edge>;  // caller, line, callee

  Edges edges() const;
  void write_header();
  void write_function(unsigned function, const std::vector<unsigned>& lines, const Edges& edges);

  std::string command_;
};

}  // namespace hartbeat::observe
