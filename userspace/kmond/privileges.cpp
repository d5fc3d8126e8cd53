// SPDX-License-Identifier: GPL-2.0-only
#include "privileges.hpp"

#include <cap-ng.h>
#include <sys/prctl.h>

#include <cerrno>

#include "file.hpp"

namespace kmon::kmond {

bool can_load_modules() {
    ::capng_get_caps_process();
    return ::capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_MODULE) == 1;
}

Result<void> drop_privileges() {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return fail(system_error("cannot give up privileges (PR_SET_NO_NEW_PRIVS)", errno));
    ::capng_get_caps_process();
    if (::capng_have_capabilities(CAPNG_SELECT_CAPS) == CAPNG_NONE) return {}; // systemd already removed them
    ::capng_clear(CAPNG_SELECT_BOTH);
    if (::capng_apply(CAPNG_SELECT_BOTH) < 0) return fail(system_error("cannot give up capabilities", errno));
    return {};
}

} // namespace kmon::kmond
