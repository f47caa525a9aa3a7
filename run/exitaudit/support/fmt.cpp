// libfmt's own code, compiled here: Debian has no static libfmt, and exitaudit must run
// where there are no libraries.
#include <fmt/format-inl.h>

// Declared extern in fmt/format.h; its library instantiates them.
template fmt::detail::thousands_sep_result<char> fmt::detail::thousands_sep_impl(locale_ref);
template char fmt::detail::decimal_point_impl(locale_ref);
template void fmt::detail::vformat_to(buffer<char>&, string_view, basic_format_args<buffer_context<char>>,
                                      locale_ref);
