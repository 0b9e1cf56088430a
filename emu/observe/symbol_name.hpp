// Symbols as people write them.
#pragma once

#include <string>
#include <string_view>

namespace hartbeat::observe {

// "_ZN3fooL3barEi" is "foo::bar": without parameters, as profilers show it, and "(anonymous)" for a namespace without a
// name. What is not a mangled C++ name stays as it is.
std::string symbol_name(std::string_view symbol);

}  // namespace hartbeat::observe
