// The HTML report's page, built from emu/observe/html, around the data.
#pragma once

#include <string_view>

namespace hartbeat::observe {

struct HtmlPage {
  std::string_view head, tail;  // before and after the data; empty when the program was built without npm
};
HtmlPage html_page();

}  // namespace hartbeat::observe
