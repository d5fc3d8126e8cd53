// SPDX-License-Identifier: GPL-2.0-only
#include <csignal>
#include <exception>
#include <iostream>

#include "cli.hpp"
#include "result.hpp"
#include "standard_streams.hpp"

int main(int argc, char** argv) {
    kmon::reserve_standard_streams();
    // Make a closed pipe an error of write(2), so that `kmonctl exits` can clean up.
    (void)std::signal(SIGPIPE, SIG_IGN);
    try {
        auto context = kmon::cli::context_of_process();
        return kmon::status_of(kmon::cli::run(context, argc, argv));
    } catch (const std::exception& error) { // out of memory, for example
        std::cerr << "kmonctl: " << error.what() << '\n';
        return kmon::status_of(kmon::ExitCode::failed);
    }
}
