#include "emu/observe/folded_stacks.hpp"

namespace hartbeat::observe {
namespace {

// A frame's name: semicolons and blanks separate.
std::string frame_name(const GuestPlaces::Function& function) {
  std::string name = function.object + ":" + function.name;
  for (char& c : name) {
    if (c == ';' || c == ' ') c = '_';
  }
  return name;
}

}  // namespace

bool FoldedStacks::finish() {
  const auto& nodes = stacks_.nodes();
  std::vector<std::string> paths(nodes.size());  // parents stand before their children
  std::map<std::string, std::uint64_t> sums;     // calls from several lines are one
  for (unsigned i = 0; i < nodes.size(); ++i) {
    const CallStacks::Node& node = nodes[i];
    const auto root = stacks_.roots().find(i);
    if (root != stacks_.roots().end()) {
      paths[i] = root->second;
      for (char& c : paths[i]) {
        if (c == ';' || c == ' ') c = '_';
      }
    } else {
      paths[i] = paths[node.parent] + ";" + frame_name(stacks_.places().function(node.function));
    }
    const std::uint64_t spent = node.self[static_cast<std::size_t>(cost_)];
    if (spent != 0) sums[paths[i]] += spent;
  }
  for (const auto& [path, spent] : sums) output_->write(path + " " + std::to_string(spent) + "\n");
  return output_->flush();
}

}  // namespace hartbeat::observe
