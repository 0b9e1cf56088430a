#include "mmu/tlb_config.hpp"

#include <bit>
#include <stdexcept>
#include <string>

namespace hartbeat::mmu {

void validate(const TlbConfig& config) {
  const std::string shape =
      "a TLB of " + std::to_string(config.entries) + " entries and " + std::to_string(config.ways) + " ways ";
  constexpr unsigned most = 1u << 20;
  if (config.entries == 0 || config.entries > most)
    throw std::invalid_argument(shape + "cannot be built: a TLB has 1 to " + std::to_string(most) +
                                " entries");
  if (config.ways == 0 || config.ways > config.entries || config.entries % config.ways != 0)
    throw std::invalid_argument(shape +
                                "cannot be built: the ways must divide the entries (as many ways as "
                                "entries is fully associative)");
  if (!std::has_single_bit(config.entries / config.ways))
    throw std::invalid_argument(shape + "cannot be built: " + std::to_string(config.entries / config.ways) +
                                " sets are not a power of two");
  if (config.replacement > TlbConfig::random)
    throw std::invalid_argument(shape + "has no known replacement: choose fifo, lru, tree_plru or random");
  if (config.replacement == TlbConfig::tree_plru && !std::has_single_bit(config.ways))
    throw std::invalid_argument(shape + "cannot use tree-PLRU: its ways must be a power of two");
}

}  // namespace hartbeat::mmu
