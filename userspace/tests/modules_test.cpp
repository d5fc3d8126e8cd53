// SPDX-License-Identifier: GPL-2.0-only
#include "kernel_module.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <map>

#include "temp_tree.hpp"

namespace {

using kmon::ExitCode;
using kmon::test::TempTree;

constexpr auto release = "6.1.0-56-amd64";

// A system with the modules of fixtures/modules: kstat and process_monitor are built, no module is loaded.
class Modules : public testing::Test {
protected:
    Modules() {
        tree.write("proc/sys/kernel/osrelease", std::string(release) + "\n");
        tree.write("proc/modules", "");
        std::filesystem::create_directories(tree.path() / "lib");
        std::filesystem::copy(std::filesystem::path(KMON_FIXTURES) / "modules/lib", tree.path() / "lib",
                              std::filesystem::copy_options::recursive);
        const auto built = tree.path() / "lib/modules" / release / "updates/dkms";
        std::filesystem::create_directories(built);
        for (const auto* name : {"kstat.ko", "process_monitor.ko"})
            std::filesystem::copy(KMON_BUILT_MODULE, built / name);
    }

    void load(const std::string& name, const std::string& version) const {
        tree.write("sys/module/" + name + "/initstate", "live\n");
        tree.write("sys/module/" + name + "/version", version + "\n");
        tree.write("sys/module/" + name + "/srcversion", "3F4CD7BAEF0FAFE89D3D1E4\n");
    }

    std::string why_not(const std::string& name, int error = 0) const {
        const auto why = kmon::why_not_loaded(tree.root(), kmon::module_state(tree.root(), name), error);
        return why.what + " / " + why.hint;
    }

    TempTree tree;
};

TEST_F(Modules, knows_the_file_for_the_running_kernel) {
    const auto state = kmon::module_state(tree.root(), "kstat");
    EXPECT_FALSE(state.loaded);
    EXPECT_EQ(state.file, tree.path() / "lib/modules/6.1.0-56-amd64/updates/dkms/kstat.ko");
    EXPECT_EQ(state.file_version, "1.0.0");
    EXPECT_EQ(state.vermagic, "6.1.0-56-amd64 SMP preempt mod_unload modversions ");
    EXPECT_EQ(state.signer, "");
    EXPECT_EQ(kmon::module_state(tree.root(), "netmon_proc").file, "");
}

TEST_F(Modules, a_loaded_module_of_an_older_version_needs_a_reload) {
    load("kstat", "1.0.0");
    EXPECT_TRUE(kmon::module_state(tree.root(), "kstat").loaded);
    EXPECT_FALSE(kmon::module_state(tree.root(), "kstat").reload_needed());
    load("kstat", "0.9.0");
    EXPECT_TRUE(kmon::module_state(tree.root(), "kstat").reload_needed());
    // The same version from different source: the next release of a package, or work in progress.
    load("kstat", "1.0.0");
    tree.write("sys/module/kstat/srcversion", "0123456789ABCDEF0123456\n");
    EXPECT_TRUE(kmon::module_state(tree.root(), "kstat").reload_needed());
    EXPECT_EQ(kmon::module_state(tree.root(), "kstat").instead(), "another build of version 1.0.0");
    // Loaded from elsewhere with insmod: there is nothing to compare with.
    load("netmon_proc", "0.9.0");
    EXPECT_FALSE(kmon::module_state(tree.root(), "netmon_proc").reload_needed());
}

TEST_F(Modules, one_that_is_just_coming_is_not_loaded) {
    load("kstat", "1.0.0");
    tree.write("sys/module/kstat/initstate", "coming\n");
    EXPECT_FALSE(kmon::module_state(tree.root(), "kstat").loaded);
}

TEST_F(Modules, not_built_says_what_to_install_or_to_run) {
    EXPECT_EQ(why_not("netmon_proc"), "it is not built for the running kernel 6.1.0-56-amd64, whose headers are missing"
                                      " / install the headers of this kernel (kernel-devel, linux-headers)");
    tree.write("etc/debian_version", "");
    EXPECT_EQ(why_not("netmon_proc"), "it is not built for the running kernel 6.1.0-56-amd64, whose headers are missing"
                                      " / apt install linux-headers-6.1.0-56-amd64 linux-headers-amd64");
    for (const auto& [running, packages] : std::map<std::string, std::string>{
             {"6.1.0-56-cloud-amd64", "linux-headers-6.1.0-56-cloud-amd64 linux-headers-cloud-amd64"},
             {"6.12.74+deb13+1-amd64", "linux-headers-6.12.74+deb13+1-amd64 linux-headers-amd64"},
             {"6.8.0-45-generic", "linux-headers-6.8.0-45-generic linux-headers-generic"},
             {"6.6.31+rpt-rpi-v8", "linux-headers-6.6.31+rpt-rpi-v8 linux-headers-rpi-v8"},
             {"5.10.0-8-686-pae", "linux-headers-5.10.0-8-686-pae linux-headers-686-pae"},
             {"6.8.12-4-pve", "proxmox-headers-6.8.12-4-pve proxmox-headers-6.8"}}) {
        tree.write("proc/sys/kernel/osrelease", running + "\n");
        tree.write("lib/modules/" + running + "/modules.dep", "");
        EXPECT_TRUE(why_not("netmon_proc").ends_with(" / apt install " + packages)) << why_not("netmon_proc");
    }
    tree.write("proc/sys/kernel/osrelease", "6.1.0-56-amd64\n");
    std::filesystem::remove(tree.path() / "etc/debian_version");
    tree.write("etc/redhat-release", "");
    EXPECT_EQ(why_not("netmon_proc"), "it is not built for the running kernel 6.1.0-56-amd64, whose headers are missing"
                                      " / dnf install kernel-devel-6.1.0-56-amd64");
    tree.write("lib/modules/6.1.0-56-amd64/build/Makefile", "");
    EXPECT_EQ(why_not("netmon_proc"),
              "it is not built for the running kernel 6.1.0-56-amd64 / dkms install kmon/1.0.0 -k 6.1.0-56-amd64");
    tree.write("proc/sys/kernel/osrelease", "6.9.9\n");
    EXPECT_EQ(why_not("kstat"), "no modules are installed for the running kernel 6.9.9 / reboot into an installed "
                                "kernel; in a container, install kmon on the host");
    std::filesystem::remove(tree.path() / "proc/modules");
    EXPECT_EQ(why_not("kstat"), "this kernel cannot load modules / boot a kernel with loadable modules");
}

TEST_F(Modules, built_but_not_loaded_says_how_to_load) {
    EXPECT_EQ(why_not("kstat"), "it is not loaded / modprobe kstat");
    EXPECT_EQ(kmon::why_not_loaded(tree.root(), kmon::module_state(tree.root(), "kstat")).code, ExitCode::not_running);
}

TEST_F(Modules, a_refused_signature_tells_secure_boot_from_sig_enforce) {
    EXPECT_EQ(why_not("kstat", EKEYREJECTED), "it is not signed, and this kernel loads only signed modules / boot "
                                              "without module.sig_enforce=1, or enroll the key that signs it");
    tree.write("sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
               std::string("\6\0\0\0\1", 5));
    EXPECT_EQ(why_not("kstat", ENOKEY), "it is not signed, and Secure Boot is on / install openssl, which dkms "
                                        "signs with, then /usr/libexec/kmon/every-kernel build");
    tree.write("sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
               std::string("\6\0\0\0\0", 5));
    EXPECT_NE(why_not("kstat", ENOKEY).find("loads only signed modules"), std::string::npos);
}

TEST_F(Modules, the_key_to_enroll_is_the_one_that_signed) {
    tree.write("sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
               std::string("\6\0\0\0\1", 5));
    auto state = kmon::module_state(tree.root(), "kstat");
    state.signer = "DKMS module signing key";
    EXPECT_EQ(kmon::why_not_loaded(tree.root(), state, ENOKEY).hint,
              "mokutil --import /var/lib/dkms/mok.pub, reboot, and confirm the key there");
    state.signer = "host Secure Boot Module Signature key";
    EXPECT_NE(kmon::why_not_loaded(tree.root(), state, ENOKEY).hint.find("/var/lib/shim-signed/mok/MOK.der"),
              std::string::npos);
    // The administrator's own file, wherever it is. The last file decides.
    tree.write("etc/dkms/framework.conf", "# mok_certificate=/comment.der\nmok_certificate=/first.der\n");
    EXPECT_EQ(kmon::why_not_loaded(tree.root(), state, ENOKEY).hint,
              "mokutil --import /first.der, reboot, and confirm the key there");
    tree.write("etc/dkms/framework.conf.d/b.conf", "mok_certificate=\"/keys/$kernelver/own.der\" # ours\n");
    tree.write("etc/dkms/framework.conf.d/a.conf", "mok_certificate=/second.der\n");
    EXPECT_EQ(kmon::why_not_loaded(tree.root(), state, ENOKEY).hint,
              "mokutil --import /keys/6.1.0-56-amd64/own.der, reboot, and confirm the key there");
}

TEST_F(Modules, what_is_forbidden_says_by_whom) {
    EXPECT_EQ(why_not("kstat", EPERM), "only root may load modules / become root (sudo)");
    tree.write("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    EXPECT_NE(why_not("kstat", EPERM).find("the kernel is locked down"), std::string::npos);
    tree.write("sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
    EXPECT_NE(why_not("kstat", EPERM).find("only root"), std::string::npos);
    tree.write("proc/sys/kernel/modules_disabled", "1\n");
    EXPECT_NE(why_not("kstat", EPERM).find("kernel.modules_disabled=1"), std::string::npos);
}

TEST_F(Modules, other_refusals_are_told_apart) {
    EXPECT_EQ(why_not("kstat", ENOEXEC),
              "it was built for another kernel or by another compiler (vermagic 6.1.0-56-amd64 SMP preempt mod_unload "
              "modversions ) / dkms install --force kmon/1.0.0 -k 6.1.0-56-amd64");
    EXPECT_EQ(why_not("kstat", ECANCELED), "modprobe.d blacklists it / grep -r kstat /etc/modprobe.d shows where");
    EXPECT_EQ(why_not("process_monitor", ENOMEM),
              "the kernel refused it: Cannot allocate memory / the kernel log says more: dmesg | grep process_monitor");
}

} // namespace
