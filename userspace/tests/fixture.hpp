// SPDX-License-Identifier: GPL-2.0-only
// The captured trees, and copies that a test may change.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "root.hpp"
#include "temp_tree.hpp"

namespace kmon::test {

inline std::filesystem::path fixtures() { return KMON_FIXTURES; }

inline Root root_of(const std::filesystem::path& tree) {
    Root root;
    root.proc = tree / "proc";
    root.sys = tree / "sys";
    root.etc = tree / "etc";
    root.lib_modules = tree / "lib/modules";
    root.run = tree / "run";
    root.var_lib = tree / "var/lib";
    root.usr_share = tree / "usr/share";
    return root;
}

// moment: "first" or "second" of the busy guest.
inline Root busy(const char* moment) { return root_of(fixtures() / "busy" / moment); }

class BusyCopy : public TempTree {
public:
    BusyCopy() { std::filesystem::copy(fixtures() / "busy/second", path(), std::filesystem::copy_options::recursive); }

    void remove(const std::string& name) const { std::filesystem::remove_all(path() / name); }

    void replace(const std::string& name, const std::string& from, const std::string& to) const {
        auto content = read(name);
        const auto at = content.find(from);
        if (at == std::string::npos) throw std::runtime_error(name + " has no " + from);
        write(name, content.replace(at, from.size(), to));
    }
};

} // namespace kmon::test
