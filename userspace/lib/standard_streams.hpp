// SPDX-License-Identifier: GPL-2.0-only
#pragma once

namespace kmon {

// Opens those of the file descriptors 0 to 2 that the program was started without (`>&-`). Otherwise the next file or
// socket would get one of them, and messages would be written into it. Call it first in main(). Reading from descriptor
// 0 then finds nothing; writing to the others fails with EBADF, as if they were closed.
void reserve_standard_streams();

} // namespace kmon
