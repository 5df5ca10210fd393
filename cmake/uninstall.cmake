# SPDX-License-Identifier: MIT
#
# Removes what the last `cmake --install` of a build folder has put into the prefix, and the folders
# of kd that are empty then.
#
#   cmake -DMANIFEST=<build folder>/install_manifest.txt -P uninstall.cmake
cmake_minimum_required(VERSION 3.25)

if(NOT EXISTS "${MANIFEST}")
  message(FATAL_ERROR "Nothing has been installed from here: there is no ${MANIFEST}.")
endif()
file(STRINGS "${MANIFEST}" files)
set(folders "")
foreach(file IN LISTS files)
  file(REMOVE "$ENV{DESTDIR}${file}")
  # Its folder, and those above it up to the one that is called kd: all of them are kd's own.
  while(file MATCHES "^(.*/kd(/.*)?)/[^/]+$")
    set(file "${CMAKE_MATCH_1}")
    list(APPEND folders "$ENV{DESTDIR}${file}")
    if(file MATCHES "/kd$")
      break()
    endif()
  endwhile()
endforeach()
list(REMOVE_DUPLICATES folders)
list(SORT folders ORDER DESCENDING) # the inner ones first
foreach(folder IN LISTS folders)
  file(GLOB left "${folder}/*")
  if(NOT left)
    file(REMOVE_RECURSE "${folder}")
  endif()
endforeach()
file(REMOVE "${MANIFEST}")
list(LENGTH files count)
message(STATUS "Removed ${count} files of kd")
