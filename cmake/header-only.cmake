# SPDX-License-Identifier: GPL-2.0-only
# kmon_header_only(TARGET HEADER): TARGET includes a header-only library, such as CLI/CLI.hpp. The build machine's copy suits every
# architecture, but a cross compiler must not search /usr/include: so it is linked to a directory that it may search.
function(kmon_header_only target header)
  find_path(${header}_DIR ${header} REQUIRED NO_CMAKE_FIND_ROOT_PATH)
  get_filename_component(library ${header} DIRECTORY)
  set(include ${CMAKE_BINARY_DIR}/header-only)
  file(MAKE_DIRECTORY ${include})
  file(CREATE_LINK ${${header}_DIR}/${library} ${include}/${library} SYMBOLIC)
  target_include_directories(${target} SYSTEM PUBLIC ${include})
endfunction()
