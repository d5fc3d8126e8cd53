#include "host.hpp"

#include <fstream>

namespace kmon {

namespace {

std::string first_line_of(const std::filesystem::path& path, const char* otherwise) {
    std::ifstream file(path);
    std::string line;
    return std::getline(file, line) ? line : otherwise;
}

} // namespace

Host read_host(const Root& root) {
    const auto kernel = root.proc / "sys" / "kernel";
    return {first_line_of(kernel / "hostname", "?"), first_line_of(kernel / "osrelease", "?")};
}

std::string loaded_version(const Root& root, const std::string& module) {
    return first_line_of(root.sys / "module" / module / "version", "");
}

} // namespace kmon
