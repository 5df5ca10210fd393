# SPDX-License-Identifier: MIT
#
# What was installed into PREFIX is listed once in MANIFEST, LICENSE is there, and all of it can be
# removed again.
cmake_minimum_required(VERSION 3.25)

file(STRINGS "${MANIFEST}" files)
set(once ${files})
list(REMOVE_DUPLICATES once)
if(NOT once STREQUAL files)
  message(FATAL_ERROR "The manifest lists files twice.")
endif()
if(NOT "${PREFIX}/share/licenses/kd/LICENSE" IN_LIST files)
  message(FATAL_ERROR "LICENSE is not installed.")
endif()

file(WRITE "${PREFIX}/include/of_another.hpp" "")
execute_process(COMMAND "${CMAKE_COMMAND}" "-DMANIFEST=${MANIFEST}" -P "${UNINSTALL}"
                        COMMAND_ERROR_IS_FATAL ANY)
file(GLOB_RECURSE left RELATIVE "${PREFIX}" "${PREFIX}/*")
file(GLOB folders "${PREFIX}/*/kd" "${PREFIX}/*/*/kd")
if(NOT left STREQUAL "include/of_another.hpp" OR folders)
  message(FATAL_ERROR "Left in the prefix: ${left} ${folders}")
endif()
file(REMOVE_RECURSE "${PREFIX}")
