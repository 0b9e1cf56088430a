#include "emu/timing/cva6/wt_axi_adapter.hpp"

#include <algorithm>
#include <utility>

namespace hartbeat::timing::cva6 {

AdapterReturn WtAxiAdapter::work(std::uint64_t cycle) {
  const AdapterReturn now = next_;
  next_ = {};
  if (!reads_.empty()) reads_.front().pass_beats(cycle);
  icache_was_full_ = icache_fifo_.full();
  dcache_was_full_ = dcache_fifo_.full();

  const bool icache_asks = !icache_fifo_.empty() && icache_reads_ < icache_reads_most_;
  const bool dcache_asks = !dcache_fifo_.empty() && !dcache_writes_.full() && !dcache_reads_.full();
  const std::uint32_t requests = (icache_asks ? 1u : 0u) | (dcache_asks ? 2u : 0u);
  std::uint64_t amo_address = 0;
  // The return path of this cycle sees the meta FIFOs as they were: it goes first, but behind an atomic, which invalidates.
  unsigned source = 0;
  bool is_amo = false;
  if (requests) {
    source = arbiter_.pick(requests);
    is_amo = source == 1 && dcache_fifo_.front().type >= MemoryRequest::amo_lr;
    amo_address = is_amo ? dcache_fifo_.front().address : 0;
  }
  bool granted = is_amo && issue(cycle, source);
  return_path(cycle, granted, amo_address);
  if (requests && !is_amo) granted = issue(cycle, source);
  // A beat that has come and has not been taken is there in the next cycle.
  if (!reads_.empty()) reads_.front().ready = std::max(reads_.front().ready, cycle + 1);
  arbiter_.clock(requests, granted);
  shows_ = next_.icache_valid || next_.dcache != DcacheReturnType::none;
  wake_ = next_event(cycle + 1);
  return now;
}

std::uint64_t WtAxiAdapter::clock_alone(std::uint64_t cycle, std::uint64_t end) {
  const std::uint64_t writes = interconnect_->clint.writes();
  while (cycle < end && !shows_) {
    if (cycle < wake_) {
      const std::uint64_t to = std::min(end, wake_);
      if (to == never_cycle) break;
      cycle = to;
      continue;
    }
    clock(cycle++);
    if (interconnect_->clint.writes() != writes) break;
  }
  return cycle;
}

bool WtAxiAdapter::issue(std::uint64_t cycle, unsigned source) {
  if (source == 1) return issue_dcache(cycle);
  if (!interconnect_->accept_read(cycle)) return false;
  const IcacheRequest request = icache_fifo_.front();
  icache_fifo_.pop();
  ++icache_reads_;
  push_read(cycle, 0, request.line ? line_beats_ : 1, request.address);
  return true;
}

bool WtAxiAdapter::issue_dcache(std::uint64_t cycle) {
  const DcacheRequest request = dcache_fifo_.front();
  const bool is_read = request.type == MemoryRequest::load || request.type == MemoryRequest::amo_lr;
  if (!(is_read ? interconnect_->accept_read(cycle) : interconnect_->accept_write(cycle))) return false;
  dcache_fifo_.pop();
  switch (request.type) {
    case MemoryRequest::load:
      dcache_reads_.push(request.tid);
      push_read(cycle, 1, request.line ? line_beats_ : 1, request.address);
      break;
    case MemoryRequest::amo_lr:
      amo_returns_data_ = true;
      dcache_reads_.push(request.tid);
      push_read(cycle, 3, 1, request.address);
      break;
    case MemoryRequest::store:
      dcache_writes_.push(request.tid);
      push_write(cycle, 1, request, interconnect_->write(request.address, cycle));
      break;
    case MemoryRequest::amo_sc:
      amo_returns_data_ = false;
      dcache_writes_.push(request.tid);
      push_write(cycle, 3, request, interconnect_->write(request.address, cycle));
      break;
    case MemoryRequest::amo_rmw: {
      amo_returns_data_ = true;
      dcache_writes_.push(request.tid);
      const Interconnect::AtomicAnswer answer = interconnect_->atomic(request.address, cycle);
      push_read(3, 1, answer.old_value);
      push_write(cycle, 3, request, answer.response);
      break;
    }
  }
  return true;
}

void WtAxiAdapter::push_read(std::uint64_t cycle, std::uint8_t id, std::uint8_t beats,
                             std::uint64_t address) {
  if (id == 1 && !interconnect_->cached(address)) last_uncached_read_ = cycle;
  push_read(id, beats, interconnect_->read(address, beats, cycle));
}

void WtAxiAdapter::push_write(std::uint64_t cycle, std::uint8_t id, const DcacheRequest& request,
                              std::uint64_t response) {
  last_write_ = cycle;
  writes_.push({id, response});
  interconnect_->written(hart_, request.address, request.data, request.byte_enable, cycle);
}

// Lets a read whose data is there pass those that wait: only between I$ and D$, which have one read each on its way.
void WtAxiAdapter::let_pass(std::uint64_t cycle) {
  if (reads_.front().begun) return;
  for (unsigned i = 0; i < reads_.size(); ++i) {
    if (reads_.at(i).ready > cycle) continue;
    for (; i > 0; --i) std::swap(reads_.at(i), reads_.at(i - 1));
    return;
  }
}

void WtAxiAdapter::return_path(std::uint64_t cycle, bool invalidate, std::uint64_t amo_address) {
  // B responses go through a fall-through FIFO, one a cycle.
  if (!writes_.empty() && writes_.front().ready <= cycle && !b_fifo_.full()) {
    b_fifo_.push(writes_.front().id);
    writes_.pop();
    if (!writes_.empty()) writes_.front().ready = std::max(writes_.front().ready, cycle + 1);
  }
  if (interconnect_->reorders() && reads_.size() > 1) let_pass(cycle);
  const bool beat = !reads_.empty() && reads_.front().ready <= cycle && !invalidate;
  if (beat && reads_.front().id == 0) {
    Read& read = reads_.front();
    next_.icache_valid = --read.beats == 0;
    read.begun = true;
    read.ready = cycle + read.gap;
    if (read.beats == 0) {
      --icache_reads_;
      reads_.pop();
    }
    dcache_return(cycle, false, invalidate, amo_address);
    return;
  }
  dcache_return(cycle, beat, invalidate, amo_address);
}

void WtAxiAdapter::dcache_return(std::uint64_t cycle, bool read_ready, bool invalidate,
                                 std::uint64_t amo_address) {
  // A beat for the D$ that is not taken in this cycle stays on the bus: only an invalidation can hold it up.
  if (!invalidations_.empty() && invalidations_.front().arrival <= cycle && !invalidate) {
    next_.dcache = DcacheReturnType::invalidate_line;
    next_.address = invalidations_.front().address;
    last_invalidation_ = cycle + 1;
    invalidations_.pop();
    return;
  }
  if (invalidate) {
    next_.dcache = DcacheReturnType::invalidate_set;
    next_.address = amo_address;
    return;
  }
  if (read_ready) {
    Read& read = reads_.front();
    const bool last = --read.beats == 0;
    read.begun = true;
    read.ready = cycle + read.gap;
    if (!last) return;
    if (read.id == 3) {
      next_.dcache = DcacheReturnType::atomic_ack;
      if (!dcache_writes_.empty())
        dcache_writes_.pop();
      else
        dcache_reads_.pop();
    } else {
      next_.dcache = DcacheReturnType::load_ack;
      next_.tid = dcache_reads_.front();
      dcache_reads_.pop();
    }
    reads_.pop();
    return;
  }
  if (b_fifo_.empty()) return;
  const std::uint8_t id = b_fifo_.front();
  b_fifo_.pop();
  if (id == 3) {
    if (amo_returns_data_) return;  // the data beat has been the answer
    next_.dcache = DcacheReturnType::atomic_ack;
    dcache_writes_.pop();
  } else {
    next_.dcache = DcacheReturnType::store_ack;
    next_.tid = dcache_writes_.front();
    dcache_writes_.pop();
  }
}

std::optional<std::uint64_t> WtAxiAdapter::post_invalidation(std::uint64_t address, std::uint64_t arrival,
                                                             std::uint64_t now) {
  const std::uint64_t shown = std::max(arrival, last_invalidation_) + 1;
  if (!invalidations_.empty() || shown > now) {
    if (!invalidations_.full()) invalidations_.push({address, arrival});
    wake_ = 0;
    return std::nullopt;
  }
  last_invalidation_ = shown;
  if (!reads_.empty() && reads_.front().id != 0) {  // a beat of that cycle for the D$ had to wait
    reads_.front().pass_beats(shown - 1);
    reads_.front().ready = std::max(reads_.front().ready, shown);
    wake_ = next_event(now);
  }
  if (shown < now) return shown;
  next_.dcache = DcacheReturnType::invalidate_line;
  next_.address = address;
  shows_ = true;
  return std::nullopt;
}

bool WtAxiAdapter::only_invalidates(std::uint64_t cycle) const {
  const auto comes = [cycle](const auto& queue) { return !queue.empty() && queue.front().ready <= cycle; };
  return icache_fifo_.empty() && dcache_fifo_.empty() && b_fifo_.empty() && !comes(reads_) &&
         !comes(writes_) && !interconnect_->reorders() &&
         (shows_ ? next_.dcache == DcacheReturnType::invalidate_line && !next_.icache_valid
                 : !invalidations_.empty());
}

std::uint64_t WtAxiAdapter::next_event(std::uint64_t cycle) const {
  if (!icache_fifo_.empty() || !dcache_fifo_.empty() || !b_fifo_.empty()) return cycle;
  const bool others = !writes_.empty() || !invalidations_.empty();
  std::uint64_t event = never_cycle;
  if (reads_.size() == 1 && !others) {
    event = reads_.front().last_ready();  // of the beats before it nobody hears
  } else {
    const unsigned reads = interconnect_->reorders() ? reads_.size() : std::min(reads_.size(), 1u);
    for (unsigned i = 0; i < reads; ++i) event = std::min(event, reads_.at(i).ready);
  }
  if (!writes_.empty()) event = std::min(event, writes_.front().ready);
  if (!invalidations_.empty()) event = std::min(event, invalidations_.front().arrival);
  return std::max(event, cycle);
}

}  // namespace hartbeat::timing::cva6
