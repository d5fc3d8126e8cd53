// SPDX-License-Identifier: GPL-2.0-only
// Their values are in one object file, so that another version is compiled in a moment.
#pragma once

namespace kmon {

extern const char* const version;

// What dkms knows the modules by.
extern const char* const dkms_version;

} // namespace kmon
