#include "emu/observe/page_tally.hpp"

namespace hartbeat::observe {

std::vector<PageRange> PageTally::ranges() const {
  std::vector<PageRange> result;
  for (const auto& [page, counts] : pages_) {
    const bool continues = !result.empty() &&
                           result.back().first.value + result.back().pages * page_size == page
                                                                                              << page_shift &&
                           result.back().copies == counts.copies && result.back().reuses == counts.reuses;
    if (continues) {
      ++result.back().pages;
    } else {
      result.push_back({{page << page_shift}, 1, counts.copies, counts.reuses});
    }
  }
  return result;
}

}  // namespace hartbeat::observe
