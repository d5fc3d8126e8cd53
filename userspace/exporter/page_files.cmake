# SPDX-License-Identifier: GPL-2.0-only
# cmake -D OUT=FILE -D FILES="FILE;..." -P page_files.cmake: those files as a table of page_files.hpp.
set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_svg "image/svg+xml")
set(type_png "image/png")
set(type_woff2 "font/woff2")
set(type_txt "text/plain; charset=utf-8")

set(arrays "")
set(rows "")
set(n 0)
foreach(file IN LISTS FILES)
  cmake_path(GET file FILENAME name)
  cmake_path(GET file EXTENSION LAST_ONLY ending)
  string(SUBSTRING "${ending}" 1 -1 ending)
  if(NOT DEFINED type_${ending})
    message(FATAL_ERROR "page_files.cmake does not know what ${name} is")
  endif()
  file(READ ${file} hex HEX)
  string(LENGTH "${hex}" length)
  math(EXPR length "${length} / 2")
  string(REGEX REPLACE "(..)" "\\\\x\\1" hex "${hex}")
  # A line of C++ has a length that compilers like.
  string(REGEX REPLACE "((\\\\x..)(\\\\x..)?(\\\\x..)?(\\\\x..)?(\\\\x..)?(\\\\x..)?(\\\\x..)?(\\\\x..)?)" "\"\\1\"\n    " hex "${hex}")
  string(APPEND arrays "constexpr char file_${n}[] =\n    ${hex}\"\";\n")
  string(APPEND rows "    {\"${name}\", \"${type_${ending}}\", {file_${n}, ${length}}},\n")
  math(EXPR n "${n} + 1")
endforeach()
file(WRITE ${OUT} "// Made by page_files.cmake.
#include \"page_files.hpp\"

#include <array>

namespace kmon::exporter {
namespace {
${arrays}
constexpr std::array<PageFile, ${n}> all = {{
${rows}}};
} // namespace

const std::span<const PageFile> page_files(all);

} // namespace kmon::exporter
")
