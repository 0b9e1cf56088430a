#include "emu/observe/html_page.hpp"

#include <cstddef>

extern "C" {
extern const char hartbeat_html_page[], hartbeat_html_page_end[];
}

namespace hartbeat::observe {

HtmlPage html_page() {
  constexpr std::string_view mark = "<!--DATA-->";
  const std::string_view page(hartbeat_html_page,
                              static_cast<std::size_t>(hartbeat_html_page_end - hartbeat_html_page));
  const std::size_t at = page.find(mark);
  if (at == std::string_view::npos) return {};
  return {page.substr(0, at), page.substr(at + mark.size())};
}

}  // namespace hartbeat::observe
