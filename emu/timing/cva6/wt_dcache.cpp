#include "emu/timing/cva6/wt_dcache.hpp"

namespace hartbeat::timing::cva6 {

void WtDcache::clock(const AdapterReturn& in, WtAxiAdapter& adapter, const Interconnect& interconnect,
                     const Reads& read, const StoreRequest& store, const AmoRequest& amo,
                     ReadResponse (&response)[2]) {
  const bool enabled = missunit_.cache_enabled();
  const WtDcacheMissunit::Outputs miss = clock_missunit(in, adapter, interconnect, amo);
  const std::uint32_t wants = (ctrl_[walker].wants_read(read.walker) ? 1u : 0u) |
                              (ctrl_[loads].wants_read(read.loads) ? 2u : 0u) |
                              (wbuffer_.wants_check() ? 8u : 0u);
  const unsigned acked = memory_.arbitrate(wants, miss.line.valid);
  response[walker] =
      ctrl_[walker].clock(read.walker, memory_, enabled, acked == walker, miss.line.valid, miss.port[walker]);
  response[loads] =
      ctrl_[loads].clock(read.loads, memory_, enabled, acked == loads, miss.line.valid, miss.port[loads]);

  WtDcacheWbuffer::Inputs buffer = answers(miss);
  buffer.check_ack = acked == WtDcacheMem::write_port;
  buffer.read_acked = acked < 2;
  buffer.read_word = acked < 2 ? ctrl_[acked].word() : 0;
  end_cycle(miss, buffer, store);
}

WtDcacheMissunit::Outputs WtDcache::clock_missunit(const AdapterReturn& in, WtAxiAdapter& adapter,
                                                   const Interconnect& interconnect, const AmoRequest& amo) {
  if (missunit_.sleeps_on(in, ctrl_, wbuffer_, amo)) return {};
  return missunit_.clock(in, adapter, ctrl_, wbuffer_, amo, memory_, interconnect);
}

// What the miss unit says to the write buffer.
WtDcacheWbuffer::Inputs WtDcache::answers(const WtDcacheMissunit::Outputs& miss) {
  WtDcacheWbuffer::Inputs out = miss.write;
  out.line_write = miss.line.valid;
  out.line_set = miss.line.set;
  out.line_writes_ways = miss.line.writes_ways;
  return out;
}

void WtDcache::end_cycle(const WtDcacheMissunit::Outputs& miss, const WtDcacheWbuffer::Inputs& buffer,
                         const StoreRequest& store) {
  if (!wbuffer_.sleeps_on(buffer, store)) wbuffer_.clock(buffer, store, memory_);
  if (miss.line.invalidate_ways) memory_.invalidate(miss.line.set, miss.line.invalidate_ways);
  if (miss.line.refill) memory_.write_line(miss.line.set, miss.line.way, miss.line.tag);
}

ReadResponse WtDcache::clock_port(unsigned port, const ReadRequest& read) {
  const unsigned acked = memory_.arbitrate(ctrl_[port].wants_read(read) ? 1u << port : 0u, false);
  return ctrl_[port].clock(read, memory_, missunit_.cache_enabled(), acked == port, false, {});
}

ReadResponse WtDcache::clock_loads(const AdapterReturn& in, WtAxiAdapter& adapter,
                                   const Interconnect& interconnect, const ReadRequest& read) {
  if (in.dcache == DcacheReturnType::none && others_rest(loads)) return clock_port(loads, read);
  const WtDcacheMissunit::Outputs miss = clock_missunit(in, adapter, interconnect, {});
  const unsigned acked = memory_.arbitrate(
      (ctrl_[loads].wants_read(read) ? 2u : 0u) | (wbuffer_.wants_check() ? 8u : 0u), miss.line.valid);
  const ReadResponse out = ctrl_[loads].clock(read, memory_, missunit_.cache_enabled(), acked == loads,
                                              miss.line.valid, miss.port[loads]);
  WtDcacheWbuffer::Inputs buffer = answers(miss);
  buffer.check_ack = acked == WtDcacheMem::write_port;
  buffer.read_acked = acked == loads;
  buffer.read_word = ctrl_[loads].word();
  end_cycle(miss, buffer, {});
  return out;
}

void WtDcache::clock_usually(const AdapterReturn& in, WtAxiAdapter& adapter, const Interconnect& interconnect,
                             const StoreRequest& store, bool load_reads) {
  if (!missunit_.only_writes()) return clock_beside_miss(in, adapter, interconnect, store, load_reads);
  WtDcacheWbuffer::Inputs buffer;
  if (!missunit_.rests() || in.dcache != DcacheReturnType::none || wbuffer_.offers())
    buffer = missunit_.clock_writes(in, adapter, wbuffer_);
  end_usually({}, buffer, store, load_reads);
}

void WtDcache::clock_beside_miss(const AdapterReturn& in, WtAxiAdapter& adapter,
                                 const Interconnect& interconnect, const StoreRequest& store,
                                 bool load_reads) {
  const WtDcacheMissunit::Outputs miss = clock_missunit(in, adapter, interconnect, {});
  end_usually(miss, answers(miss), store, load_reads);
}

void WtDcache::end_usually(const WtDcacheMissunit::Outputs& miss, WtDcacheWbuffer::Inputs buffer,
                           const StoreRequest& store, bool load_reads) {
  buffer.check_ack = memory_.arbitrate((load_reads ? 2u : 0u) | (wbuffer_.wants_check() ? 8u : 0u), false) ==
                     WtDcacheMem::write_port;
  buffer.read_acked = load_reads;
  buffer.read_word = ctrl_[loads].word();
  end_cycle(miss, buffer, store);
}

}  // namespace hartbeat::timing::cva6
