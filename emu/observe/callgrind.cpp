#include "emu/observe/callgrind.hpp"

namespace hartbeat::observe {
namespace {

std::string file_name(const std::string& file) { return file.empty() ? "???" : file; }

std::string numbers(const Costs& costs) {
  std::string text;
  for (const std::uint64_t cost : costs) text += " " + std::to_string(cost);
  return text;
}

bool is_zero(const Costs& costs) { return costs == Costs{}; }

}  // namespace

// A call from within itself is counted where it happens and adds nothing to what its caller spends.
CallgrindProfile::Edges CallgrindProfile::edges() const {
  const auto& nodes = stacks_.nodes();
  std::vector<Costs> inclusive(nodes.size());
  Edges result;
  for (std::size_t i = nodes.size(); i-- > 0;) {
    const CallStacks::Node& node = nodes[i];
    add(inclusive[i], node.self);
    if (stacks_.roots().contains(static_cast<unsigned>(i))) continue;
    add(inclusive[node.parent], inclusive[i]);
    if (stacks_.roots().contains(node.parent)) continue;
    Edge& edge = result[{nodes[node.parent].function, node.call_line, node.function}];
    edge.calls += node.calls;
    add(edge.inclusive, inclusive[i]);
  }
  return result;
}

void CallgrindProfile::write_header() {
  Costs total{};
  for (const Costs& costs : stacks_.lines()) add(total, costs);
  std::string text =
      "# callgrind format\nversion: 1\ncreator: hartbeat\ncmd: " + command_ + "\npositions: line\nevents:";
  for (const char* name : cost_names) text += std::string(" ") + name;
  output_->write(text + "\nsummary:" + numbers(total) + "\n");
}

void CallgrindProfile::write_function(unsigned index, const std::vector<unsigned>& lines,
                                      const Edges& edges) {
  const GuestPlaces& places = stacks_.places();
  const GuestPlaces::Function& function = places.function(index);
  const std::string file = file_name(function.file);
  output_->write("\nob=" + function.object + "\nfl=" + file + "\nfn=" + function.name + "\n");
  std::string current = file;
  const auto in_file = [&](const std::string& wanted) {
    if (wanted != current) output_->write((wanted == file ? "fe=" : "fi=") + wanted + "\n");
    current = wanted;
  };
  for (const unsigned line : lines) {
    if (line >= stacks_.lines().size() || is_zero(stacks_.lines()[line])) continue;
    in_file(file_name(places.line(line).file));
    output_->write(std::to_string(places.line(line).number) + numbers(stacks_.lines()[line]) + "\n");
  }
  for (auto edge = edges.lower_bound({index, 0, 0}); edge != edges.end() && std::get<0>(edge->first) == index;
       ++edge) {
    const auto [caller, line, callee_index] = edge->first;
    const GuestPlaces::Function& callee = places.function(callee_index);
    in_file(file_name(places.line(line).file));
    output_->write("cob=" + callee.object + "\ncfi=" + file_name(callee.file) + "\ncfn=" + callee.name +
                   "\ncalls=" + std::to_string(edge->second.calls) + " 0\n" +
                   std::to_string(places.line(line).number) + numbers(edge->second.inclusive) + "\n");
  }
}

bool CallgrindProfile::finish() {
  write_header();
  const GuestPlaces& places = stacks_.places();
  std::vector<std::vector<unsigned>> lines(places.function_count());
  for (unsigned line = 0; line < stacks_.lines().size(); ++line)
    lines[places.line(line).function].push_back(line);
  const Edges all = edges();
  for (unsigned function = 0; function < places.function_count(); ++function)
    write_function(function, lines[function], all);
  return output_->flush();
}

}  // namespace hartbeat::observe
