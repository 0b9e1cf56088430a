#include "emu/devices/virtio/entropy.hpp"

#include <algorithm>
#include <cstring>

namespace hartbeat::virtio {

// SplitMix64 (Steele, Lea, Flood, 2014).
std::uint64_t Entropy::next() {
  std::uint64_t z = state_ += 0x9e37'79b9'7f4a'7c15;
  z = (z ^ z >> 30) * 0xbf58'476d'1ce4'e5b9;
  z = (z ^ z >> 27) * 0x94d0'49bb'1331'11eb;
  return z ^ z >> 31;
}

void Entropy::notified(std::uint32_t, Queue& queue) {
  while (const auto chain = queue.pop()) {
    std::uint64_t written = 0;
    for (const Buffer& buffer : chain->writable) {
      for (std::size_t at = 0; at < buffer.bytes.size(); at += sizeof(std::uint64_t)) {
        const std::uint64_t random = next();
        std::memcpy(&buffer.bytes[at], &random, std::min(sizeof random, buffer.bytes.size() - at));
      }
      board_.memory_written(buffer.address, buffer.bytes.size());
      written += buffer.bytes.size();
    }
    queue.push(*chain, static_cast<std::uint32_t>(written));
  }
}

}  // namespace hartbeat::virtio
