// Module wt_dcache_ctrl: one read port of the D$ (page walker, load unit).
#pragma once

#include <cstdint>

#include "emu/timing/cva6/wt_dcache_mem.hpp"

namespace hartbeat::timing::cva6 {

// What a reader drives in a cycle.
struct ReadRequest {
  bool data_req = false;
  bool tag_valid = false;  // `tag` belongs to the request granted in the previous cycle
  bool kill = false;
  std::uint8_t id = 0;
  std::uint8_t size_log2 = 3;
  std::uint64_t index = 0;  // address whose low 12 bits are known
  std::uint64_t tag = 0;    // physical address of the previous request
};

inline constexpr ReadRequest no_read{};

struct ReadResponse {
  bool granted = false;
  bool valid = false;  // the answer to request `id`
  std::uint8_t id = 0;
};

class WtDcacheCtrl {
 public:
  enum class State : std::uint8_t {
    idle,
    read,
    miss_req,
    miss_wait,
    kill_miss,
    kill_miss_ack,
    replay_req,
    replay_read
  };

  bool idle() const { return state_ == State::idle; }
  bool waiting() const { return state_ == State::miss_wait || state_ == State::kill_miss; }
  // Idle or waiting, and this request changes nothing: none is heard while a miss is on its way.
  bool sleeps_on(const ReadRequest& in) const { return !in.kill && (!in.data_req || waiting()); }
  bool wants_read(const ReadRequest& in) const {
    switch (state_) {
      case State::idle: return in.data_req;
      case State::read:
      case State::replay_read:
      case State::replay_req: return true;
      default: return false;
    }
  }
  bool wants_miss() const { return state_ == State::miss_req || state_ == State::kill_miss_ack; }
  std::uint64_t miss_address() const { return tag_ | (index_ & 0xFFF); }
  std::uint8_t miss_size_log2() const { return size_log2_; }
  std::uint16_t valid_ways() const { return valid_ways_; }
  // The doubleword that it reads: the low bits name the bank.
  std::uint64_t word() const { return index_ >> 3; }

  // The usual way of a read, as LoadUnit::begin and end go it: idle, it is granted …
  void begin(std::uint64_t index, std::uint8_t size_log2, unsigned id) {
    state_ = State::read;
    index_ = index;
    id_ = static_cast<std::uint8_t>(id);
    size_log2_ = size_log2;
    read_requested_ = read_acked_ = true;
  }
  // … and in the next cycle, if it hits, ends.
  bool hits(std::uint64_t tag, const WtDcacheMem& memory) const {
    const std::uint64_t address = (tag & ~std::uint64_t{0xFFF}) | (index_ & 0xFFF);
    return state_ == State::read && read_acked_ &&
           memory.hit(memory.set_of(index_), memory.tag_of(address)) != 0;
  }
  void end(std::uint64_t tag) {
    state_ = State::idle;
    tag_ = tag & ~std::uint64_t{0xFFF};
  }
  // It has read the tags, and they are for it to judge.
  bool reads() const { return state_ == State::read && read_acked_; }
  // Nor do they hit: it will ask for the line.
  void miss(std::uint64_t tag, const WtDcacheMem& memory) {
    state_ = State::miss_req;
    tag_ = tag & ~std::uint64_t{0xFFF};
    valid_ways_ = valid_ways_next_ = memory.valid(memory.set_of(index_));
  }

  // A miss that nothing disturbs: it asks for its line, waits for it, and has it.
  bool asks_for_line() const { return state_ == State::miss_req; }
  void wait_for_line() {
    state_ = State::miss_wait;
    read_requested_ = read_acked_ = false;
  }
  bool waits_for_line() const { return state_ == State::miss_wait; }
  std::uint8_t take_line() {
    state_ = State::idle;
    read_requested_ = read_acked_ = false;
    return id_;
  }
  // The whole of it, from idle to idle again.
  void read_once(std::uint64_t address) {
    index_ = address;
    id_ = 0;
    size_log2_ = 3;
    tag_ = address & ~std::uint64_t{0xFFF};
    read_requested_ = read_acked_ = true;
  }

  // At most a read is under way that has been granted, or one that has missed.
  bool may_tell() const { return state_ == State::idle || reads() || misses(); }
  bool misses() const { return state_ == State::miss_req || state_ == State::miss_wait; }
  template <class Archive>
  void visit(Archive& a) {
    a.need(may_tell());
    a.bits(state_);
    if (state_ == State::idle) return;
    a.bits(id_);
    a.bits(size_log2_);
    if constexpr (Archive::restores) read_requested_ = read_acked_ = state_ == State::read;
  }
  // What of it is the access's: of a read, and of one that has missed since when no line has been written.
  void read_at(std::uint64_t address) { index_ = address; }
  void missed_at(std::uint64_t address, std::uint64_t physical, const WtDcacheMem& memory) {
    index_ = address;
    tag_ = physical & ~std::uint64_t{0xFFF};
    valid_ways_ = valid_ways_next_ = memory.valid(memory.set_of(index_));
  }

  struct MissAnswer {
    bool ack = false, replay = false, returned = false;
  };

  ReadResponse clock(const ReadRequest& in, const WtDcacheMem& memory, bool cache_enabled, bool read_ack,
                     bool line_write, MissAnswer miss) {
    ReadResponse out;
    out.id = id_;
    if (state_ == State::idle && !in.data_req) {  // the ways seen last are read again before they matter
      read_acked_ = read_requested_ = false;
      return out;
    }
    const bool requested = wants_read(in);
    if (read_requested_) valid_ways_next_ = memory.valid(memory.set_of(index_));
    const std::uint16_t valid_ways = valid_ways_next_;
    switch (state_) {
      case State::idle:
        if (in.data_req && read_ack) {
          state_ = State::read;
          out.granted = true;
        }
        break;
      case State::read:
      case State::replay_read: clock_read(in, memory, cache_enabled, read_ack, line_write, out); break;
      case State::miss_req:
        if (in.kill) {
          out.valid = true;
          state_ = miss.ack ? State::kill_miss : State::kill_miss_ack;
        } else if (miss.replay) {
          state_ = State::replay_req;
        } else if (miss.ack) {
          state_ = State::miss_wait;
        }
        break;
      case State::miss_wait:
        if (in.kill) {
          out.valid = true;
          state_ = miss.returned ? State::idle : State::kill_miss;
        } else if (miss.returned) {
          out.valid = true;
          state_ = State::idle;
        }
        break;
      case State::replay_req:
        if (in.kill) {
          out.valid = true;
          state_ = State::idle;
        } else if (read_ack) {
          state_ = State::replay_read;
        }
        break;
      case State::kill_miss_ack:
        if (miss.replay)
          state_ = State::idle;
        else if (miss.ack)
          state_ = State::kill_miss;
        break;
      case State::kill_miss:
        if (miss.returned) state_ = State::idle;
        break;
    }
    if (out.granted) {
      index_ = in.index;
      id_ = in.id;
      size_log2_ = in.size_log2;
    }
    valid_ways_ = valid_ways;
    read_requested_ = requested;
    read_acked_ = read_ack;
    return out;
  }

 private:
  void clock_read(const ReadRequest& in, const WtDcacheMem& memory, bool cache_enabled, bool read_ack,
                  bool line_write, ReadResponse& out) {
    if (in.kill) {
      state_ = State::idle;
      out.valid = true;
      return;
    }
    if (!in.tag_valid && state_ == State::read) return;
    if (state_ == State::read) tag_ = in.tag & ~std::uint64_t{0xFFF};
    if (line_write || !read_acked_) {
      state_ = State::replay_req;
    } else if (cache_enabled && memory.hit(memory.set_of(index_), memory.tag_of(miss_address()))) {
      state_ = State::idle;
      out.valid = true;
      if (read_ack && in.data_req) {
        state_ = State::read;
        out.granted = true;
      }
    } else {
      state_ = State::miss_req;
    }
  }

  State state_ = State::idle;
  std::uint64_t tag_ = 0, index_ = 0;
  std::uint8_t id_ = 0, size_log2_ = 3;
  std::uint16_t valid_ways_ = 0, valid_ways_next_ = 0;  // of the set, as read with the last look-up
  bool read_requested_ = false, read_acked_ = false;
};

}  // namespace hartbeat::timing::cva6
