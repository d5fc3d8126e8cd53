#include <csignal>

#include "cli.hpp"

int main(int argc, char** argv) {
    // A closed pipe is an error of write(2), so that `kmon exits` gets to take away what it set up.
    std::signal(SIGPIPE, SIG_IGN);
    auto context = kmon::cli::context_of_process();
    return kmon::cli::run(context, argc, argv);
}
