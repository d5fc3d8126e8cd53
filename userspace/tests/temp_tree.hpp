// SPDX-License-Identifier: GPL-2.0-only
// A directory that stands for the system and is removed after the test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "root.hpp"

namespace kmon::test {

class TempTree {
public:
    TempTree() {
        std::string name = (std::filesystem::temp_directory_path() / "kmon-test-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
        path_ = name;
    }
    ~TempTree() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TempTree(const TempTree&) = delete;
    TempTree& operator=(const TempTree&) = delete;

    const std::filesystem::path& path() const { return path_; }
    Root root() const {
        return {path_ / "proc", path_ / "sys",     path_ / "etc",      path_ / "lib/modules",
                path_ / "run",  path_ / "var/lib", path_ / "usr/share"};
    }

    // The name is relative to the tree. Directories are created as needed.
    std::filesystem::path write(const std::string& name, const std::string& content) const {
        auto file = place(name);
        std::ofstream(file, std::ios::binary) << content;
        return file;
    }
    void link(const std::string& name, const std::filesystem::path& target) const {
        std::filesystem::create_symlink(target, place(name));
    }
    std::string read(const std::string& name) const {
        std::ifstream file(path_ / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }

private:
    std::filesystem::path place(const std::string& name) const {
        std::filesystem::create_directories((path_ / name).parent_path());
        return path_ / name;
    }

    std::filesystem::path path_;
};

} // namespace kmon::test
