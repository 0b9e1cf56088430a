#include "emu/machine/gzip.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>

#include "emu/machine/user_error.hpp"

namespace hartbeat {
namespace {

constexpr int gzip_window = 15 + 16;  // the largest window; 16: with gzip's header and checksum
constexpr std::size_t step = std::size_t{1} << 20;

class Inflater {
 public:
  explicit Inflater(std::span<const std::uint8_t> bytes) {
    stream_.next_in = const_cast<Bytef*>(bytes.data());  // zlib's interface has no const here
    stream_.avail_in = static_cast<uInt>(bytes.size());
    ready_ = inflateInit2(&stream_, gzip_window) == Z_OK;
  }
  ~Inflater() {
    if (ready_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  bool ready() const { return ready_; }
  // Appends at most `step` bytes; what zlib says.
  int append(std::vector<std::uint8_t>& out) {
    const std::size_t before = out.size();
    out.resize(before + step);
    stream_.next_out = &out[before];
    stream_.avail_out = step;
    const int result = inflate(&stream_, Z_NO_FLUSH);
    out.resize(before + step - stream_.avail_out);
    return result;
  }

 private:
  z_stream stream_{};
  bool ready_ = false;
};

}  // namespace

bool looks_gzipped(std::span<const std::uint8_t> bytes) {
  constexpr std::uint8_t magic[] = {0x1f, 0x8b};
  return bytes.size() > 2 && std::equal(std::begin(magic), std::end(magic), bytes.begin());
}

std::vector<std::uint8_t> gunzip(const std::string& name, std::span<const std::uint8_t> bytes,
                                 std::uint64_t most_bytes) {
  std::vector<std::uint8_t> out;
  Inflater inflater(bytes);
  int result = inflater.ready() ? Z_OK : Z_MEM_ERROR;
  while (result == Z_OK && out.size() <= most_bytes) result = inflater.append(out);
  if (out.size() > most_bytes) {
    throw UserError(
        fmt::format("{}: gunzipped it has more than the {} bytes of RAM; give the machine more --memory",
                    name, most_bytes));
  }
  if (result != Z_STREAM_END) {
    throw UserError(
        fmt::format("{}: begins like a gzip file, but is damaged or cut short after {} bytes of its contents",
                    name, out.size()));
  }
  return out;
}

}  // namespace hartbeat
