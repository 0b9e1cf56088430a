#include "emu/timing/cva6/dram.hpp"

#include <algorithm>

namespace hartbeat::timing::cva6 {

// Every t_refi cycles all banks close and rest for t_rfc. What has begun before is let through.
std::uint64_t Dram::behind_refresh(Bank& bank, std::uint64_t cycle) {
  if (p_.t_refi == 0) return cycle;
  const std::uint64_t refreshes = cycle / p_.t_refi;
  if (refreshes <= bank.refreshes) return cycle;
  bank.refreshes = refreshes;
  bank.open = false;
  const std::uint64_t over = refreshes * p_.t_refi + p_.t_rfc;
  if (over <= cycle) return cycle;
  counters_.refresh_waits += over - cycle;
  return over;
}

// When the column of `row` can be addressed, with the commands that this needs.
std::uint64_t Dram::column_command(Bank& bank, std::uint64_t row, std::uint64_t cycle) {
  if (bank.open && bank.row == row) {
    ++counters_.row_hits;
    return cycle;
  }
  std::uint64_t activate = cycle;
  if (bank.open) {
    ++counters_.row_conflicts;
    activate = std::max(cycle, bank.may_precharge) + p_.t_rp;
  } else {
    ++counters_.row_misses;
  }
  bank.open = true;
  bank.row = row;
  bank.may_precharge = activate + p_.t_ras;
  return activate + p_.t_rcd;
}

MemoryAnswer Dram::access(std::uint64_t address, unsigned beats, bool write, std::uint64_t cycle) {
  const std::uint64_t rows = address / p_.row_bytes;
  Bank& bank = banks_[rows % p_.banks];
  const std::uint64_t asked = std::max(cycle + p_.controller_latency, bank.ready);
  const std::uint64_t possible = column_command(bank, rows / p_.banks, behind_refresh(bank, asked));
  const std::uint64_t transfer = std::uint64_t{beats} * p_.beat_cycles;
  const std::uint64_t data = std::max(possible + p_.t_cas, bus_free_);
  bus_free_ = data + transfer;
  bank.ready = data - p_.t_cas + transfer;
  bank.may_precharge = std::max(bank.may_precharge, write ? bus_free_ + p_.t_wr : bank.ready);
  if (!p_.open_page) {
    bank.open = false;
    bank.ready = bank.may_precharge + p_.t_rp;
  }
  counters_.beats += beats;
  ++(write ? counters_.writes : counters_.reads);
  return {data + p_.beat_cycles, p_.beat_cycles};
}

}  // namespace hartbeat::timing::cva6
