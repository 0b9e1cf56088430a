// How a quantity is spread: exact percentiles of whole numbers, kept as counts of equal values.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>

namespace hartbeat::observe {

class Distribution {
 public:
  void add(std::uint64_t value) {
    ++values_[value];
    ++count_;
    sum_ += value;
  }

  std::uint64_t count() const { return count_; }
  std::uint64_t sum() const { return sum_; }
  std::uint64_t most() const { return values_.empty() ? 0 : values_.rbegin()->first; }

  // Nearest rank: the smallest value that at least `percent` of all do not exceed; 0 when there is none.
  std::uint64_t percentile(unsigned percent) const {
    const std::uint64_t rank = std::max<std::uint64_t>(1, (count_ * percent + 99) / 100);
    std::uint64_t seen = 0;
    for (const auto& [value, times] : values_) {
      seen += times;
      if (seen >= rank) return value;
    }
    return 0;
  }

 private:
  std::map<std::uint64_t, std::uint64_t> values_;
  std::uint64_t count_ = 0, sum_ = 0;
};

}  // namespace hartbeat::observe
