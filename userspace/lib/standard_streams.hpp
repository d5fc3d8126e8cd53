// SPDX-License-Identifier: GPL-2.0-only
#pragma once

namespace kmon {

// Of file descriptors 0 to 2, those that whoever started the program left closed (`>&-`) are taken, or the next file or
// socket to be opened would get them and what is meant for people would be written into it. For the very start of
// main(). Reading from the one finds nothing; writing to the others fails with EBADF, as if they were closed.
void reserve_standard_streams();

} // namespace kmon
