// SPDX-License-Identifier: GPL-2.0-only
// What `kmonctl selftest` needs from the machine. Unit tests replace it.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "result.hpp"

namespace kmon::cli {

struct TestBench {
    std::filesystem::path directory; // where the tests are installed
    bool root = false;
    std::function<bool(const std::string& program)> installed;
    std::function<Result<ExitCode>(const std::vector<std::string>& command)> become; // returns only if that failed
};

TestBench real_test_bench();

} // namespace kmon::cli
