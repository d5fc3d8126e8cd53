// SPDX-License-Identifier: GPL-2.0-only
#include <filesystem>

#include "doctor.hpp"
#include "modules/module_table.hpp"

namespace kmon::cli {

namespace {

// kmon counts in the initial namespace. If we are not permitted to check, assume that we are in it.
bool in_another_namespace(const Root& root) {
    std::error_code hidden;
    const auto own = std::filesystem::read_symlink(root.proc / "self/ns/net", hidden);
    const auto initial = std::filesystem::read_symlink(root.proc / "1/ns/net", hidden);
    return !hidden && own != initial;
}

} // namespace

// kmon and the kernel do not count an event at the same instant. So the side that must be larger is read outside the
// other: earlier before the traffic, and later after it.
Findings compare_counts(const Context& context, const Stimulus& stimulus) {
    const auto& root = context.root;
    auto progress = context.progress("comparing counts with the kernel's own");
    Findings findings;
    const bool elsewhere = in_another_namespace(root);
    if (elsewhere)
        findings.push_back({"network", Finding::skipped, "this is not the network namespace that kmon counts in", ""});
    for (const auto& module : modules())
        if (module.compare && !(elsewhere && module.in_its_namespace))
            findings.push_back(module.compare(root, stimulus));
    return findings;
}

} // namespace kmon::cli
