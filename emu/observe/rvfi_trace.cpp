#include "emu/observe/rvfi_trace.hpp"

#include <cinttypes>
#include <cstdio>

#include "emu/isa/table.hpp"

namespace hartbeat::observe {
namespace {

using isa::Field;

constexpr std::size_t most_bytes = 2048;  // of a line

bool reads(const RetireEvent& event, Field field) {
  return isa::row_infos[event.operands->row].encoding.has(field);
}

unsigned byte_mask(unsigned size) { return size >= 8 ? 0xff : (1u << size) - 1; }

}  // namespace

void RvfiTrace::note(Hart& hart, const RetireEvent& event) {
  const unsigned rd = event.operands->rd & 31;
  if (!event.writes_x || rd == 0) return;
  hart.x[rd] = event.rd_value;
  hart.known |= 1u << rd;
}

void RvfiTrace::skipped(const RetireEvent& event) { note(harts_[event.site.hart.value], event); }

void RvfiTrace::on(const RetireEvent& event) {
  Hart& hart = harts_[event.site.hart.value];
  char* const begin = output_->room_for(most_bytes);
  char* out = begin;
  const auto put = [&](const char* format, auto... values) {
    out += std::snprintf(out, most_bytes - static_cast<std::size_t>(out - begin), format, values...);
  };
  put("{\"hart\":%u,\"order\":%" PRIu64 ",\"insn\":\"%0*x\",\"trap\":0,\"intr\":%d,\"mode\":%u,\"ixl\":2",
      event.site.hart.value, hart.order++, event.length * 2, event.bits, hart.handler ? 1 : 0,
      static_cast<unsigned>(event.site.privilege));
  const auto source = [&](const char* name, Field field, unsigned reg) {
    if (!reads(event, field)) reg = 0;
    put(",\"%s_addr\":%u", name, reg);
    if (hart.known >> reg & 1)
      put(",\"%s_rdata\":\"%016" PRIx64 "\"", name, hart.x[reg]);
    else
      put(",\"%s_rdata\":null", name);
  };
  source("rs1", Field::rs1, event.operands->rs1 & 31);
  source("rs2", Field::rs2, event.operands->rs2 & 31);
  const unsigned rd = event.writes_x ? event.operands->rd & 31 : 0;
  put(",\"rd_addr\":%u,\"rd_wdata\":\"%016" PRIx64 "\"", rd, rd == 0 ? 0 : event.rd_value);
  if (event.writes_f)
    put(",\"frd_addr\":%u,\"frd_wdata\":\"%016" PRIx64 "\"", event.operands->rd & 31, event.rd_value);
  put(",\"pc_rdata\":\"%016" PRIx64 "\",\"pc_wdata\":\"%016" PRIx64 "\"", event.site.pc.value,
      event.next_pc.value);
  const MemoryEffect* load = nullptr;
  const MemoryEffect* store = nullptr;
  for (const MemoryEffect& access : event.memory) (access.store ? store : load) = &access;
  const MemoryEffect* any = load != nullptr ? load : store;
  if (any != nullptr) {
    put(",\"mem_addr\":\"%016" PRIx64 "\",\"mem_paddr\":\"%016" PRIx64 "\"", any->address.value,
        any->physical.value);
    put(",\"mem_rmask\":%u,\"mem_wmask\":%u", load ? byte_mask(load->size) : 0,
        store ? byte_mask(store->size) : 0);
    put(",\"mem_rdata\":\"%016" PRIx64 "\",\"mem_wdata\":\"%016" PRIx64 "\"", load ? load->value : 0,
        store ? store->value : 0);
  }
  if (!event.csrs.empty()) {
    put(",\"csr\":{");
    for (std::size_t i = 0; i < event.csrs.size(); ++i)
      put("%s\"%03x\":\"%016" PRIx64 "\"", i == 0 ? "" : ",", unsigned{event.csrs[i].address},
          event.csrs[i].value);
    put("}");
  }
  put(",\"cycle\":%" PRIu64 "}\n", event.site.cycle.value);
  output_->filled(out);
  hart.handler = false;
  note(hart, event);
}

void RvfiTrace::on(const TrapEvent& event) {
  Hart& hart = harts_[event.site.hart.value];
  hart.handler = true;
  if (event.interrupt) return;
  char* const begin = output_->room_for(most_bytes);
  const int length =
      std::snprintf(begin, most_bytes,
                    "{\"hart\":%u,\"order\":%" PRIu64
                    ",\"insn\":null,\"trap\":1,\"intr\":0,\"mode\":%u,\"ixl\":2,\"pc_rdata\":\"%016" PRIx64
                    "\",\"cause\":%" PRIu64 ",\"tval\":\"%016" PRIx64 "\",\"cycle\":%" PRIu64 "}\n",
                    event.site.hart.value, hart.order++, static_cast<unsigned>(event.site.privilege),
                    event.site.pc.value, event.cause, event.tval, event.site.cycle.value);
  output_->filled(begin + length);
}

}  // namespace hartbeat::observe
