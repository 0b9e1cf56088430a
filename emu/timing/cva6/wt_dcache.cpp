#include "emu/timing/cva6/wt_dcache.hpp"

namespace hartbeat::timing::cva6 {

void WtDcache::clock(const AdapterReturn& in, WtAxiAdapter& adapter, const Interconnect& interconnect,
                     const ReadRequest (&read)[2], const StoreRequest& store, const AmoRequest& amo,
                     ReadResponse (&response)[2]) {
  const bool enabled = missunit_.cache_enabled();
  WtDcacheMissunit::Outputs miss;
  if (!missunit_.sleeps_on(in, ctrl_, wbuffer_, amo))
    miss = missunit_.clock(in, adapter, ctrl_, wbuffer_, amo, memory_, interconnect);
  const std::uint32_t wants = (ctrl_[0].wants_read(read[0]) ? 1u : 0u) |
                              (ctrl_[1].wants_read(read[1]) ? 2u : 0u) | (wbuffer_.wants_check() ? 8u : 0u);
  const unsigned acked = memory_.arbitrate(wants, miss.line.valid);
  for (unsigned port = 0; port < 2; ++port)
    response[port] =
        ctrl_[port].clock(read[port], memory_, enabled, acked == port, miss.line.valid, miss.port[port]);

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
