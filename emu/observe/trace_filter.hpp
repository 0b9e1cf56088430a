// --trace-filter: which events a trace takes. docs/traces.md has the grammar.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emu/observe/trace.hpp"
#include "emu/observe/trace_context.hpp"

namespace hartbeat::observe {

// A parsed filter. Cheap to copy; `from=` and `to=` have no state here.
class FilterExpression {
 public:
  // Throws UserError with the place of the mistake. Symbols are looked up in the context's files.
  FilterExpression(std::string_view text, const TraceContext& context);

  enum class Kind : std::uint8_t {
    all,
    any,
    none_of,
    hart,
    privilege,
    pid,
    process,
    pc,
    cycle,
    instret,
    from,
    to
  };
  struct Range {
    std::uint64_t first = 0, last = ~std::uint64_t{0};
  };
  struct Node {
    Kind kind = Kind::all;
    std::vector<unsigned> parts;     // of all, any, none_of: indexes of nodes
    std::vector<Range> ranges;       // any of them
    std::vector<std::string> names;  // of process
    std::string event;               // of from, to
    std::optional<std::uint64_t> event_pid;
    unsigned slot = 0;  // of from, to: which flag
  };
  const std::vector<Node>& nodes() const { return nodes_; }
  unsigned root() const { return root_; }
  unsigned slots() const { return slots_; }
  bool asks(Kind kind) const;

 private:
  friend class FilterParser;
  std::vector<Node> nodes_;
  unsigned root_ = 0, slots_ = 0;
};

// A trace behind a filter: hears what the filter needs to know, and passes on what it lets through.
class FilteredTrace final : public Trace {
 public:
  FilteredTrace(std::unique_ptr<Trace> to, FilterExpression expression, unsigned harts);

  Wants wants() const override;
  void on(const TrapEvent& event) override;
  void on(const TrapReturnEvent& event) override;
  void on(const WalkEvent& event) override;
  void on(const FenceEvent& event) override;
  void on(const IpiEvent& event) override;
  void on(const TracepointEvent& event) override;
  void on(const RetireEvent& event) override;
  void on(const CommitEvent& event) override;
  void on(const ModelEvent& event) override;
  bool finish() override { return to_->finish(); }

 private:
  using Kind = FilterExpression::Kind;

  bool passes(const EventSite& site) const { return passes(expression_.root(), site); }
  bool passes(unsigned node, const EventSite& site) const;
  // Something of that name has happened: opens `from`, …
  void open(std::string_view event, const EventSite& site);
  // … and closes `to` behind it.
  void close(std::string_view event, const EventSite& site);
  void note(Kind kind, std::string_view event, const EventSite& site);
  void hear(const TracepointEvent& event);
  bool hears_events() const { return expression_.slots() != 0; }

  std::unique_ptr<Trace> to_;
  Wants wanted_;  // by `to`
  FilterExpression expression_;
  std::vector<bool> happened_;          // by slot
  std::vector<std::uint64_t> running_;  // pid by hart
  std::map<std::uint64_t, std::string> names_;
  bool modelled_ = true;
  std::vector<std::deque<bool>> committing_;  // by hart: what has been passed of what has not been committed
};

// "fork_begin": what `from` and `to` call a tracepoint. Empty for numbers that are none.
std::string_view tracepoint_name(abi::Tracepoint number);
std::string_view resolution_name(std::uint64_t resolution);

}  // namespace hartbeat::observe
