// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "escape.hpp"
#include "file.hpp"
#include "kernel_module.hpp"
#include "version.hpp"

namespace kmon {
namespace {

bool secure_boot(const Root& root) {
    const auto variable = read_file(root.sys / "firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c");
    return variable && variable->size() == 5 && variable->back() == 1; // four bytes of attributes precede the value
}

bool locked_down(const Root& root) {
    const auto lockdown = first_line_of(root.sys / "kernel/security/lockdown");
    return lockdown.find('[') != std::string::npos && lockdown.find("[none]") == std::string::npos;
}

// "cloud-amd64" of 6.1.0-56-cloud-amd64, "amd64" of 6.12.74+deb13+1-amd64, "generic" of 6.8.0-45-generic: what follows
// the version and the ABI number.
std::string flavour_of(const std::string& release) {
    auto flavour = release.substr(release.find('-') + 1);
    auto abi = std::string_view(flavour).substr(0, flavour.find('-'));
    for (const std::string_view prefix : {"rc", "rpi"})
        if (abi.starts_with(prefix)) abi.remove_prefix(prefix.size());
    if (!abi.empty() && abi.front() >= '0' && abi.front() <= '9' && flavour.find('-') != std::string::npos)
        flavour.erase(0, flavour.find('-') + 1);
    return flavour;
}

// With the metapackage, the next kernel has its headers, too. dkms/every-kernel names the same packages.
std::string debian_headers_of(const std::string& release) {
    if (release.find('-') == std::string::npos) return "linux-headers-" + release; // somebody's own kernel
    if (!release.ends_with("-pve")) return "linux-headers-" + release + " linux-headers-" + flavour_of(release);
    const auto series = release.substr(0, release.find('.', release.find('.') + 1)); // 6.8
    return "proxmox-headers-" + release + " proxmox-headers-" + series;
}

std::string headers_of(const Root& root, const std::string& release) {
    if (is_there(root.etc / "debian_version")) return "apt install " + debian_headers_of(release);
    if (is_there(root.etc / "redhat-release")) return "dnf install kernel-devel-" + release;
    if (is_there(root.etc / "zypp"))
        return "zypper install kernel-" + release.substr(release.rfind('-') + 1) + "-devel";
    return "install the headers of this kernel (kernel-devel, linux-headers)";
}

Error not_built(const Root& root, const std::string& release) {
    const auto directory = root.lib_modules / release;
    if (!is_there(directory))
        return {"no modules are installed for the running kernel " + release, ExitCode::failed,
                "reboot into an installed kernel; in a container, install kmon on the host"};
    if (!is_there(directory / "build"))
        return {"it is not built for the running kernel " + release + ", whose headers are missing", ExitCode::failed,
                headers_of(root, release)};
    return {"it is not built for the running kernel " + release, ExitCode::failed,
            std::string("dkms install kmon/") + dkms_version + " -k " + release};
}

// The administrator's own certificate, from dkms's configuration files, which are shell scripts; empty if there is
// none.
std::string own_certificate(const Root& root) {
    std::vector<std::filesystem::path> files = {root.etc / "dkms/framework.conf"};
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(root.etc / "dkms/framework.conf.d", ignored))
        if (entry.path().extension() == ".conf") files.push_back(entry.path());
    std::sort(files.begin() + 1, files.end());
    std::string certificate;
    for (const auto& file : files) {
        std::istringstream lines(read_file(file).value_or(""));
        const std::string key = "mok_certificate=";
        for (std::string line; std::getline(lines, line);)
            if (line.starts_with(key)) certificate = line.substr(key.size());
    }
    std::erase_if(certificate, [](char c) { return c == '"' || c == '\'' || c == '\r'; });
    for (const std::string_view name : {"${kernelver}", "$kernelver"})
        if (const auto at = certificate.find(name); at != std::string::npos)
            certificate.replace(at, name.size(), kernel_release(root));
    return printable(certificate.substr(0, certificate.find_first_of(" \t#")));
}

// The file with the public key that signed a module here: dkms's own, or on Ubuntu the machine's.
std::string key_of(const Root& root, const std::string& signer) {
    if (const auto own = own_certificate(root); !own.empty()) return own;
    const bool ubuntus = signer.find("Secure Boot Module Signature key") != std::string::npos;
    return ubuntus ? "/var/lib/shim-signed/mok/MOK.der" : "/var/lib/dkms/mok.pub";
}

Error not_signed(const Root& root, const ModuleState& state) {
    const std::string what = state.signer.empty()
                                 ? "it is not signed"
                                 : "the kernel does not trust the key of its signer, " + printable(state.signer);
    if (secure_boot(root) && state.signer.empty())
        return {what + ", and Secure Boot is on", ExitCode::failed,
                "install openssl, which dkms signs with, then /usr/libexec/kmon/every-kernel build"};
    if (secure_boot(root))
        return {what + ", and Secure Boot is on", ExitCode::failed,
                "mokutil --import " + key_of(root, state.signer) + ", reboot, and confirm the key there"};
    return {what + ", and this kernel loads only signed modules", ExitCode::failed,
            "boot without module.sig_enforce=1, or enroll the key that signs it"};
}

Error wrong_kernel(const Root& root, const ModuleState& state) {
    const auto release = kernel_release(root);
    return {"it was built for another kernel or by another compiler (vermagic " + printable(state.vermagic) + ")",
            ExitCode::failed, std::string("dkms install --force kmon/") + dkms_version + " -k " + release};
}

Error forbidden(const Root& root) {
    if (first_line_of(root.proc / "sys/kernel/modules_disabled") == "1")
        return {"module loading is disabled until the next boot (kernel.modules_disabled=1)", ExitCode::not_permitted,
                "load kmon before it is set, and reboot"};
    if (locked_down(root))
        return {"the kernel is locked down and forbids it", ExitCode::not_permitted,
                "cat /sys/kernel/security/lockdown shows the level"};
    return {"only root may load modules", ExitCode::not_permitted, "become root (sudo)"};
}

Error refused(const Root& root, const ModuleState& state, int error) {
    const std::string look = "the kernel log says more: dmesg | grep " + state.name;
    switch (error) {
    case EKEYREJECTED:
    case ENOKEY:
    case EKEYREVOKED:
    case EKEYEXPIRED: return not_signed(root, state);
    case ENOEXEC: return wrong_kernel(root, state);
    case EPERM: return forbidden(root);
    case ECANCELED:
        return {"modprobe.d blacklists it", ExitCode::failed, "grep -r " + state.name + " /etc/modprobe.d shows where"};
    case ENODEV:
        return {"the interface that modprobe.d names for it does not exist", ExitCode::failed,
                "write `options " + state.name + " interface=` there: kmond sets it when the interface appears"};
    case ENOENT: return {"this kernel lacks a function that it needs", ExitCode::failed, look};
    default: break;
    }
    return {"the kernel refused it: " + std::system_category().message(error), ExitCode::failed, look};
}

Error cause(const Root& root, const ModuleState& state, int error) {
    if (!is_there(root.proc / "modules"))
        return {"this kernel cannot load modules", ExitCode::failed, "boot a kernel with loadable modules"};
    if (state.file.empty()) return not_built(root, kernel_release(root));
    if (error != 0) return refused(root, state, error);
    // The kernel was not asked to load it yet, but would refuse it for these reasons.
    if (is_blacklisted(root, state.name)) return refused(root, state, ECANCELED);
    if (!state.vermagic.empty() && !state.vermagic.starts_with(kernel_release(root) + " "))
        return wrong_kernel(root, state);
    if (state.signer.empty() && signatures_wanted(root)) return not_signed(root, state);
    return {"it is not loaded", ExitCode::not_running, "modprobe " + state.name};
}

} // namespace

bool signatures_wanted(const Root& root) {
    return first_line_of(root.sys / "module/module/parameters/sig_enforce") == "Y" || locked_down(root);
}

Error why_not_loaded(const Root& root, const ModuleState& state, int error) {
    auto why = cause(root, state, error);
    why.system = error;
    return why;
}

} // namespace kmon
