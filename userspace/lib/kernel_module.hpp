// SPDX-License-Identifier: GPL-2.0-only
// kmon's kernel modules: are they installed for this kernel, are they loaded, and if not, why?
#pragma once

#include <filesystem>
#include <string>

#include "result.hpp"
#include "root.hpp"

namespace kmon {

struct ModuleState {
    std::string name;
    bool loaded = false;
    std::string loaded_version;
    std::string loaded_source;  // the checksum of its source
    std::filesystem::path file; // what modprobe would load for the running kernel; empty: there is none
    std::string file_version;
    std::string file_source;
    std::string vermagic;
    std::string signer; // empty: not signed

    // The loaded module is not the installed one, because it was upgraded since.
    bool reload_needed() const {
        return loaded && !file.empty() && (loaded_version != file_version || loaded_source != file_source);
    }
    // What is installed instead of the loaded one.
    std::string instead() const {
        return (loaded_version == file_version ? "another build of version " : "version ") + file_version;
    }
};

// The release of the running kernel.
std::string kernel_release(const Root& root);

ModuleState module_state(const Root& root, const std::string& name);

// Does modprobe.d blacklist it?
bool is_blacklisted(const Root& root, const std::string& name);

// Does the kernel accept only signed modules?
bool signatures_wanted(const Root& root);

// Why a module is not loaded, and the cure. error: the errno with which the kernel refused it, or 0 if unknown.
Error why_not_loaded(const Root& root, const ModuleState& state, int error = 0);

// Loads it like modprobe: with the options of modprobe.d, overridden by those given, and not if modprobe.d blacklists
// it (Error::system is then ECANCELED). Succeeds if it is already loaded. The error is that of why_not_loaded().
Result<void> load_module(const Root& root, const std::string& name, const std::string& options = "");

} // namespace kmon
