#include "emu/timing/cva6/wt_dcache.hpp"

namespace hartbeat::timing::cva6 {

void WtDcache::clock(const AdapterReturn& in, WtAxiAdapter& adapter, const Interconnect& interconnect,
                     const Reads& read, const StoreRequest& store, const AmoRequest& amo,
                     ReadResponse (&response)[2]) {
  const bool enabled = missunit_.cache_enabled();
  WtDcacheMissunit::Outputs miss;
  if (!missunit_.sleeps_on(in, ctrl_, wbuffer_, amo))
    miss = missunit_.clock(in, adapter, ctrl_, wbuffer_, amo, memory_, interconnect);
  const std::uint32_t wants = (ctrl_[walker].wants_read(read.walker) ? 1u : 0u) |
                              (ctrl_[loads].wants_read(read.loads) ? 2u : 0u) |
                              (wbuffer_.wants_check() ? 8u : 0u);
  const unsigned acked = memory_.arbitrate(wants, miss.line.valid);
  response[walker] =
      ctrl_[walker].clock(read.walker, memory_, enabled, acked == walker, miss.line.valid, miss.port[walker]);
  response[loads] =
      ctrl_[loads].clock(read.loads, memory_, enabled, acked == loads, miss.line.valid, miss.port[loads]);

  WtDcacheWbuffer::Inputs buffer;
  buffer.miss_ack = miss.write_ack;
  buffer.returned = miss.write_returned;
  buffer.tid = miss.write_tid;
  buffer.check_ack = acked == WtDcacheMem::write_port;
  buffer.line_write = miss.line.valid;
  buffer.line_set = miss.line.set;
  buffer.line_writes_ways = miss.line.writes_ways;
  buffer.read_acked = acked < 2;
  buffer.read_word = acked < 2 ? ctrl_[acked].word() : 0;
  if (!wbuffer_.sleeps_on(buffer, store)) wbuffer_.clock(buffer, store, memory_);

  if (miss.line.invalidate_ways) memory_.invalidate(miss.line.set, miss.line.invalidate_ways);
  if (miss.line.refill) memory_.write_line(miss.line.set, miss.line.way, miss.line.tag);
  quiet_ = settled();
}

}  // namespace hartbeat::timing::cva6
