// SPDX-License-Identifier: GPL-2.0-only
#include "context.hpp"

#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <clocale>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "doctor.hpp"
#include "output.hpp"
#include "selftest.hpp"

namespace kmon::cli {

namespace {

std::string_view environment(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

std::size_t terminal_columns() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

} // namespace

Context context_of_process() {
    (void)std::setlocale(LC_CTYPE, "");
    static Output output(STDOUT_FILENO);
    static std::ostream out(&output);
    Context context(out, std::cerr);
    context.write_error = [] { return output.error(); };
    context.out_descriptor = STDOUT_FILENO;
    context.err_is_terminal = ::isatty(STDERR_FILENO) == 1;
    context.colour = ::isatty(STDOUT_FILENO) == 1 && environment("NO_COLOR").empty() && environment("TERM") != "dumb";
    context.unicode = std::string_view(::nl_langinfo(CODESET)) == "UTF-8";
    context.columns = terminal_columns();
    context.stimulus = real_stimulus;
    context.test_bench = real_test_bench;
    return context;
}

} // namespace kmon::cli
