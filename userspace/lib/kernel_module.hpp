// SPDX-License-Identifier: GPL-2.0-only
// kmon's kernel modules: are they there for this kernel, do they run, and if not, why not.
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
    std::string loaded_source;  // the checksum of what it was made of
    std::filesystem::path file; // that modprobe would load for the running kernel; empty: there is none
    std::string file_version;
    std::string file_source;
    std::string vermagic;
    std::string signer; // empty: not signed

    // The loaded module is not the installed one: it was upgraded meanwhile.
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

// Does the kernel take signed modules only?
bool signatures_wanted(const Root& root);

// Why a module does not run, and the cure. error: the errno with which the kernel refused it, 0 where none is known.
Error why_not_loaded(const Root& root, const ModuleState& state, int error = 0);

// As modprobe does it: with the options of modprobe.d and those given, which go over them, and refused where that
// blacklists it (Error::system is then ECANCELED). A module that is loaded already is a success. The error is that of
// why_not_loaded().
Result<void> load_module(const Root& root, const std::string& name, const std::string& options = "");

} // namespace kmon
