// SPDX-License-Identifier: GPL-2.0-only
#include "kernel_module.hpp"

#include <libkmod.h>

#include <cerrno>
#include <memory>
#include <system_error>

#include "escape.hpp"
#include "file.hpp"
#include "release.hpp"

namespace kmon {
namespace {

using Kmod = std::unique_ptr<kmod_ctx, Release<kmod_unref>>;
using KmodModule = std::unique_ptr<kmod_module, Release<kmod_module_unref>>;
using Modules = std::unique_ptr<kmod_list, Release<kmod_module_unref_list>>;
using ModuleInfo = std::unique_ptr<kmod_list, Release<kmod_module_info_free_list>>;

std::filesystem::path module_directory(const Root& root) { return root.lib_modules / kernel_release(root); }

// configuration: nullptr for the system's modprobe.d, an empty list for none.
Kmod open_kmod(const Root& root, const char* const* configuration) {
    Kmod kmod(::kmod_new(module_directory(root).c_str(), configuration));
    // libkmod would log to stderr; its errno is enough.
    if (kmod)
        ::kmod_set_log_fn(
            kmod.get(), [](auto...) {}, nullptr);
    return kmod;
}

KmodModule module_named(kmod_ctx* kmod, const std::string& name) {
    kmod_module* module = nullptr;
    if (kmod == nullptr || ::kmod_module_new_from_name(kmod, name.c_str(), &module) < 0) return nullptr;
    return KmodModule(module);
}

void read_module_file(kmod_module* module, ModuleState& state) {
    const char* path = ::kmod_module_get_path(module);
    if (path == nullptr) return;
    state.file = path;
    kmod_list* list = nullptr;
    if (::kmod_module_get_info(module, &list) < 0) return;
    const ModuleInfo info(list);
    const kmod_list* entry = nullptr;
    kmod_list_foreach(entry, info.get()) {
        const std::string key = ::kmod_module_info_get_key(entry);
        const char* value = ::kmod_module_info_get_value(entry);
        if (key == "version")
            state.file_version = value;
        else if (key == "srcversion")
            state.file_source = value;
        else if (key == "vermagic")
            state.vermagic = value;
        else if (key == "signer")
            state.signer = value;
    }
}

Error cannot_load(const Root& root, const std::string& name, int error) {
    auto why = why_not_loaded(root, module_state(root, name), error);
    why.what = "cannot load " + name + ": " + why.what;
    return why;
}

} // namespace

std::string kernel_release(const Root& root) { return first_line_of(root.proc / "sys/kernel/osrelease"); }

ModuleState module_state(const Root& root, const std::string& name) {
    ModuleState state;
    state.name = name;
    const auto directory = root.sys / "module" / name;
    // A module that is being loaded or unloaded does not count. (A built-in module has no initstate; ours never are.)
    state.loaded = first_line_of(directory / "initstate") == "live";
    if (state.loaded) {
        state.loaded_version = first_line_of(directory / "version");
        state.loaded_source = first_line_of(directory / "srcversion");
    }

    const char* const none = nullptr;
    const auto kmod = open_kmod(root, &none);
    if (const auto module = module_named(kmod.get(), name)) read_module_file(module.get(), state);
    return state;
}

bool is_blacklisted(const Root& root, const std::string& name) {
    const auto directory = root.etc / "modprobe.d";
    const char* const files[] = {directory.c_str(), nullptr};
    const auto kmod = open_kmod(root, root.etc == "/etc" ? nullptr : files);
    kmod_list* list = nullptr;
    if (!kmod || ::kmod_module_new_from_lookup(kmod.get(), name.c_str(), &list) < 0 || list == nullptr) return false;
    const Modules found(list);
    kmod_list* allowed = nullptr;
    ::kmod_module_apply_filter(kmod.get(), KMOD_FILTER_BLACKLIST, found.get(), &allowed);
    return Modules(allowed) == nullptr;
}

Result<void> load_module(const Root& root, const std::string& name, const std::string& options) {
    const auto kmod = open_kmod(root, nullptr);
    const auto module = module_named(kmod.get(), name);
    if (!module) return fail(cannot_load(root, name, ENOMEM));
    if (::kmod_module_get_path(module.get()) == nullptr) return fail(cannot_load(root, name, 0));
    const int outcome = ::kmod_module_probe_insert_module(module.get(), KMOD_PROBE_APPLY_BLACKLIST, options.c_str(),
                                                          nullptr, nullptr, nullptr);
    if (outcome > 0) return fail(cannot_load(root, name, ECANCELED));
    if (outcome < 0 && outcome != -EEXIST) return fail(cannot_load(root, name, -outcome));
    return {};
}

} // namespace kmon
