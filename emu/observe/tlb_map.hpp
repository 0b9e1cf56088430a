// Where and when translations had to be walked for: page-table walks by region of memory and time, and how many
// of them were for a page that had been walked for before (evicted or fenced since).
#pragma once

#include <array>
#include <map>
#include <set>
#include <vector>

#include "emu/hart/events.hpp"

namespace hartbeat::observe {

class TlbMap final : public Listener {
 public:
  static constexpr std::size_t bins = 64;
  static constexpr unsigned region_shift = 21;  // 2 MiB: what one last-level table maps
  struct Row {
    std::array<std::uint64_t, bins> walks{}, again{};
  };

  explicit TlbMap(bool wanted) : wanted_(wanted) {}

  Wants wants() const override { return {.walks = wanted_}; }
  void on(const WalkEvent& event) override;

  std::uint64_t cycles_per_bin() const { return width_; }
  std::uint64_t pages() const { return seen_.size(); }                // different ones, of all address spaces
  const std::map<std::uint64_t, Row>& rows() const { return rows_; }  // by region number

 private:
  void widen();

  bool wanted_;
  std::uint64_t width_ = 1024;
  std::map<std::uint64_t, Row> rows_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen_;  // satp, page
};

}  // namespace hartbeat::observe
