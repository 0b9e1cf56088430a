#include "emu/observe/recording/recording_writer.hpp"

#include <algorithm>

namespace hartbeat::observe::recording {
namespace {

// With Options::last, so many blocks hold what is kept.
constexpr std::uint64_t kept_blocks = 8;

}  // namespace

RecordingWriter::RecordingWriter(std::unique_ptr<TraceOutput> output, const TraceContext& context,
                                 std::span<const Start> harts, Options options)
    : output_(std::move(output)),
      options_(options),
      commits_(options.instructions && context.timing != "none"),
      encoder_(harts, commits_, options.instructions) {
  if (options_.last != 0)
    encoder_.limit_block(std::clamp<std::uint64_t>(options_.last / kept_blocks, 1, usual_event_retired));
  write(file_header());
  write_block(BlockKind::context, to_json(context));
  for (const auto& file : context.files) {
    std::string raw = file->name() + '\0';
    raw.append(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
    write_block(BlockKind::file, raw);
  }
}

Listener::Wants RecordingWriter::wants() const {
  return {.traps = true,
          .walks = true,
          .fences = true,
          .ipis = true,
          .tracepoints = true,
          .retired = options_.instructions,
          .commits = commits_};
}

void RecordingWriter::write(std::span<const std::uint8_t> bytes) {
  output_->write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

void RecordingWriter::write_block(BlockKind kind, std::string_view raw) {
  write(compressor_.block(kind, {reinterpret_cast<const std::uint8_t*>(raw.data()), raw.size()}));
}

void RecordingWriter::write_events(IndexEntry entry, std::span<const std::uint8_t> block) {
  entry.offset = output_->size();
  index_.push_back(entry);
  write(block);
}

void RecordingWriter::end_block() {
  IndexEntry entry;
  const auto raw = encoder_.end_block(entry);
  std::vector<std::uint8_t> block = compressor_.block(BlockKind::events, raw);
  encoder_.begin_block();
  if (options_.last == 0) return write_events(entry, block);
  kept_retired_ += entry.retired;
  kept_.emplace_back(entry, std::move(block));
  while (kept_.size() > 1 && kept_retired_ - kept_.front().first.retired >= options_.last) {
    kept_retired_ -= kept_.front().first.retired;
    kept_.pop_front();
  }
}

bool RecordingWriter::finish() {
  if (!encoder_.is_empty()) end_block();
  for (const auto& [entry, block] : kept_) write_events(entry, block);
  kept_.clear();
  if (!report_.json.empty()) write_block(BlockKind::report, report_.json);
  if (!report_.screen.empty()) write_block(BlockKind::text, report_.screen);
  if (!report_.full.empty()) write_block(BlockKind::full_text, report_.full);
  const std::uint64_t index_offset = output_->size();
  write(compressor_.block(BlockKind::index, encode_index(index_)));
  write(trailer(index_offset));
  return output_->flush();
}

}  // namespace hartbeat::observe::recording
