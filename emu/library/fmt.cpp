// fmt, compiled here once from the headers of Debian's package: a program that loads no shared fmt and spdlog starts in half
// the time, and header-only they would be compiled in every file that prints.
#include <fmt/format-inl.h>

template char fmt::detail::decimal_point_impl<char>(fmt::detail::locale_ref);
template fmt::detail::thousands_sep_result<char> fmt::detail::thousands_sep_impl<char>(
    fmt::detail::locale_ref);
