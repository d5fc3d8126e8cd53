// SPDX-License-Identifier: GPL-2.0-only
// The values are in one object file, so that a version change compiles quickly.
#pragma once

namespace kmon {

extern const char* const version;

// The version of the modules as dkms knows it.
extern const char* const dkms_version;

} // namespace kmon
