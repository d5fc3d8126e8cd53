// SPDX-License-Identifier: GPL-2.0-only
// Functions that can fail return a Result. The Error is written for the person who has to act on it.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace kmon {

// The exit codes of every program of kmon.
enum class ExitCode : int {
    ok = 0,
    failed = 1,
    usage = 2,
    not_running = 3, // a module or the service
    not_permitted = 4,
    bad_config = 78, // EX_CONFIG of <sysexits.h>
};

// What main() returns.
constexpr int status_of(ExitCode code) { return static_cast<int>(code); }

struct Error {
    std::string what; // what failed, where and why, in one sentence without a full stop
    ExitCode code = ExitCode::failed;
    std::string hint; // what to do about it; may be empty
    int system = 0;   // the errno, if there is one
};

template <class T>
using Result = tl::expected<T, Error>;

// The hint if a module is not loaded.
inline constexpr const char* ask_status = "kmonctl status says why, and what to do";

// return fail("cannot read /etc/kmon.toml: Permission denied", ExitCode::not_permitted);
inline tl::unexpected<Error> fail(std::string what, ExitCode code = ExitCode::failed, std::string hint = {}) {
    return tl::unexpected(Error{std::move(what), code, std::move(hint), 0});
}

// return fail(other.error());
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected(std::move(error)); }

} // namespace kmon
