#include "emu/timing/cva6/wt_dcache_wbuffer.hpp"

#include "emu/timing/cva6/byte_lanes.hpp"

namespace hartbeat::timing::cva6 {

std::uint8_t WtDcacheWbuffer::next_piece(std::uint8_t bytes) {
  // toSize64 of ariane_pkg: what can go out as one aligned transfer.
  const unsigned offset = static_cast<unsigned>(std::countr_zero(static_cast<unsigned>(bytes)));
  switch (bytes) {
    case 0xFF: return 0xFF;
    case 0x0F:
    case 0xF0: return bytes;
    case 0x03:
    case 0x0C:
    case 0x30:
    case 0xC0: return bytes;
    default: return static_cast<std::uint8_t>(1u << offset);
  }
}

WriteMiss WtDcacheWbuffer::miss() const {
  WriteMiss out;
  if (!offers()) return out;
  const unsigned slot = dirty_arbiter_.pick(dirty_mask_);
  const Entry& entry = entries_[slot];
  out.valid = true;
  out.byte_enable = next_piece(entry.txblock ? 0 : entry.dirty & entry.valid);
  out.address =
      (words_[slot] << 3) + static_cast<unsigned>(std::countr_zero(static_cast<unsigned>(out.byte_enable)));
  out.data = entry.data;
  out.tid = static_cast<std::uint8_t>(tx_arbiter_.pick(free_tx_mask()));
  out.entry = static_cast<std::uint8_t>(slot);
  return out;
}

bool WtDcacheWbuffer::evicts(const Inputs& in) const {
  if (returns_.empty()) return false;
  const Tx& tx = tx_[returns_.front()];
  const Entry& entry = entries_[tx.entry];
  if (!entry.checked) return false;
  const bool writes_cache = (tx.bytes & ~entry.dirty & 0xFF) != 0 && entry.hit_ways != 0;
  if (!writes_cache) return true;
  // The word port of wt_dcache_mem: after line writes, and not in the bank that a reader uses.
  if (in.line_writes_ways) return false;
  return !(in.read_acked && ((in.read_word ^ words_[tx.entry]) & ((1u << words_log2_) - 1)) == 0);
}

void WtDcacheWbuffer::evict() {
  const std::uint8_t id = returns_.front();
  returns_.pop();
  const Tx& tx = tx_[id];
  Entry& entry = entries_[tx.entry];
  entry.txblock &= static_cast<std::uint8_t>(~tx.bytes);
  entry.valid &= static_cast<std::uint8_t>(~(tx.bytes & ~entry.dirty));
  if (entry.valid == 0) {
    entry.checked = false;
    valid_mask_ &= ~(1u << tx.entry);
    checked_mask_ &= ~(1u << tx.entry);
  }
  tx_mask_ &= ~(1u << id);
  note_dirty(tx.entry);
}

// The tag check: granted, read, and known.
void WtDcacheWbuffer::clock_check(bool granted, unsigned to_check, unsigned valid,
                                  const WtDcacheMem& memory) {
  if (check2_.enabled && ((valid >> check2_.entry) & 1)) {
    entries_[check2_.entry].checked = true;
    entries_[check2_.entry].hit_ways = check2_.hit_ways;
    checked_mask_ |= 1u << check2_.entry;
  }
  check2_ = check1_;
  if (check1_.enabled)
    check2_.hit_ways = memory.hit(memory.set_of(check1_.address), memory.tag_of(check1_.address));
  check1_.enabled = granted;
  if (!granted) return;
  const unsigned entry = check_arbiter_.pick(to_check);
  check1_ = {true, static_cast<std::uint8_t>(entry), 0, words_[entry] << 3};
  check_arbiter_.grant(to_check);
}

void WtDcacheWbuffer::clock(const Inputs& in, const StoreRequest& store, const WtDcacheMem& memory) {
  if (valid_mask_ == 0 && !store.valid && !in.returned && returns_.empty() && !check1_.enabled &&
      !check2_.enabled) {  // empty: the line that is written concerns no entry, in the next cycle neither
    line_write_q_ = false;
    quiet_ = true;
    return;
  }
  // Everything is decided on the registers first.
  const unsigned valid = valid_mask_, dirty = dirty_mask_, to_check = check_mask();
  const std::uint32_t free_tx = free_tx_mask();
  const bool eviction = evicts(in);
  const bool taken = store.valid;
  const unsigned hit = taken ? hit_mask(store.address) : 0;
  if (in.check_ack || check1_.enabled || check2_.enabled) clock_check(in.check_ack, to_check, valid, memory);
  if (in.line_write || line_write_q_) {
    for (unsigned mask = valid; mask; mask &= mask - 1) {
      const unsigned i = static_cast<unsigned>(std::countr_zero(mask));
      const unsigned set = memory.set_of(words_[i] << 3);
      if ((in.line_write && set == in.line_set) || (line_write_q_ && set == line_set_q_)) {
        entries_[i].checked = false;
        checked_mask_ &= ~(1u << i);
      }
    }
  }
  line_write_q_ = in.line_write;
  line_set_q_ = in.line_set;
  if (eviction) evict();
  if (in.miss_ack) {
    entries_[in.entry].dirty &= static_cast<std::uint8_t>(~in.bytes);
    entries_[in.entry].txblock |= in.bytes;
    tx_[in.tx] = {in.entry, in.bytes};
    tx_mask_ |= 1u << in.tx;
    note_dirty(in.entry);
  }
  if (dirty != 0)
    dirty_arbiter_.clock(dirty, in.miss_ack);  // else it has decided nothing, and nothing is sent
  tx_arbiter_.clock(free_tx, in.miss_ack);
  if (in.returned) returns_.push(in.tid);
  if (taken) {
    const unsigned slot = static_cast<unsigned>(std::countr_zero(hit ? hit : ~valid));
    Entry& entry = entries_[slot];
    words_[slot] = store.address >> 3;
    full_lacks_ = no_word;
    entry.checked = false;
    entry.valid |= store.byte_enable;
    entry.dirty |= store.byte_enable;
    entry.data = merge_lanes(entry.data, store.data, store.byte_enable);
    entry.serial = store.serial;
    valid_mask_ |= 1u << slot;
    checked_mask_ &= ~(1u << slot);
    note_dirty(slot);
  }
  quiet_ = settled();
}

}  // namespace hartbeat::timing::cva6
