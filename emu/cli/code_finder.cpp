#include "emu/cli/code_finder.hpp"

namespace hartbeat::cli {

std::vector<std::shared_ptr<const ElfFile>> files_of(const Image& image) {
  std::vector<std::shared_ptr<const ElfFile>> files;
  for (const ElfFile& file : image.files) files.emplace_back(std::shared_ptr<void>(), &file);
  return files;
}

observe::FindCode code_finder(const Image& image, const RunRequest& request) {
  return observe::code_finder(files_of(image), request.root);
}

}  // namespace hartbeat::cli
