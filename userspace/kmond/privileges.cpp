// SPDX-License-Identifier: GPL-2.0-only
#include "privileges.hpp"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "file.hpp"

namespace kmon::kmond {
namespace {

using Sets = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

Sets capabilities() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    Sets sets{};
    ::syscall(SYS_capget, &header, sets.data());
    return sets;
}

bool has_any() {
    return std::ranges::any_of(capabilities(), [](const auto& set) { return (set.permitted | set.inheritable) != 0; });
}

} // namespace

bool can_load_modules() {
    return (capabilities()[CAP_TO_INDEX(CAP_SYS_MODULE)].effective & CAP_TO_MASK(CAP_SYS_MODULE)) != 0;
}

Result<void> drop_privileges() {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return fail(system_error("cannot give up privileges (PR_SET_NO_NEW_PRIVS)", errno));
    if (!has_any()) return {}; // as under systemd, which also forbids the calls below
    for (unsigned long capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability)
        ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const Sets none{};
    if (::syscall(SYS_capset, &header, none.data()) < 0)
        return fail(system_error("cannot give up capabilities", errno));
    return {};
}

} // namespace kmon::kmond
