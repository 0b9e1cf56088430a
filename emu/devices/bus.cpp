#include "emu/devices/bus.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace hartbeat {

void Bus::add(std::string_view name, PhysAddr base, std::uint64_t size, Mmio mmio) {
  const auto after =
      std::upper_bound(regions_.begin(), regions_.end(), base.value,
                       [](std::uint64_t address, const Region& r) { return address < r.base; });
  const bool hits_next = after != regions_.end() && after->base - base.value < size;
  const bool hits_previous =
      after != regions_.begin() && base.value - std::prev(after)->base < std::prev(after)->size;
  if (size == 0 || base.value + size - 1 < base.value || hits_next || hits_previous) {
    throw std::logic_error("bus region " + std::string(name) + " is empty or overlaps another");
  }
  regions_.insert(after, Region{base.value, size, mmio, name});
  last_ = 0;
}

const Bus::Region* Bus::search(std::uint64_t address) const {
  const auto after = std::upper_bound(regions_.begin(), regions_.end(), address,
                                      [](std::uint64_t a, const Region& r) { return a < r.base; });
  if (after == regions_.begin()) return nullptr;
  const Region& region = *std::prev(after);
  return address - region.base < region.size ? &region : nullptr;
}

const Bus::Region* Bus::find(std::uint64_t address, unsigned size) {
  if ((address & (size - 1)) != 0) return nullptr;
  if (last_ < regions_.size() && address - regions_[last_].base < regions_[last_].size)
    return &regions_[last_];
  const Region* region = search(address);
  if (region != nullptr) last_ = static_cast<std::size_t>(region - regions_.data());
  return region;
}

bool Bus::read(PhysAddr address, unsigned size, Cycle now, std::uint64_t& value) {
  const Region* region = find(address.value, size);
  if (region == nullptr || region->mmio.read == nullptr) return false;
  const std::uint64_t offset = address.value - region->base;
  if (size > region->size - offset) return false;
  return region->mmio.read(region->mmio.device, offset, size, now, value);
}

bool Bus::write(PhysAddr address, unsigned size, std::uint64_t value, Cycle now) {
  const Region* region = find(address.value, size);
  if (region == nullptr || region->mmio.write == nullptr) return false;
  const std::uint64_t offset = address.value - region->base;
  if (size > region->size - offset) return false;
  const std::uint64_t mask = ~std::uint64_t{0} >> (64 - 8 * size);
  return region->mmio.write(region->mmio.device, offset, size, value & mask, now);
}

std::string_view Bus::name_at(PhysAddr address) const {
  const Region* region = search(address.value);
  return region == nullptr ? std::string_view{} : region->name;
}

}  // namespace hartbeat
