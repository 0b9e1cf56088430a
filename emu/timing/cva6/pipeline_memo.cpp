#include "emu/timing/cva6/pipeline_memo.hpp"

#include <algorithm>

namespace hartbeat::timing::cva6 {

PipelineNode* PipelineMemo::node(const PipelineState& state, std::uint64_t hash, bool& fresh) {
  std::size_t slot = hash >> 46;
  for (; table_[slot]; slot = (slot + 1) % table_size)
    if (table_[slot]->state == state) return table_[slot];
  fresh = true;
  ++count_;
  PipelineNode& out = nodes_.emplace_back();
  out.state = state;
  table_[slot] = &out;
  return &out;
}

void PipelineMemo::link(PipelineNode& from, const PipelineEdge& edge) {
  if (!from.first.next) {
    PipelineEdge* const more = from.first.more;
    from.first = edge;
    from.first.more = more;
    return;
  }
  ++count_;
  edges_.push_back(edge);
  edges_.back().more = from.first.more;
  from.first.more = &edges_.back();
}

void PipelineMemo::clear() {
  nodes_.clear();
  edges_.clear();
  count_ = 0;
  std::fill(table_.begin(), table_.end(), nullptr);
  std::fill(seen_.begin(), seen_.end(), 0);
}

}  // namespace hartbeat::timing::cva6
