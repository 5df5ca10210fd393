# SPDX-License-Identifier: MIT
#
# Every op of the CPU that is a template is held by the library of kd::compiled, too:
#
#   cmake -DROOT=<include folder> [-DEXPECTED=<file>] -P check_compiled.cmake
#
# Compares the functions op_... of ROOT/kd/cpu/ops with those that ROOT/kd/compiled names. With
# EXPECTED, the complaints have to be exactly the lines of that file.
cmake_minimum_required(VERSION 3.25)

set(held "")
file(GLOB files "${ROOT}/kd/compiled/*.hpp")
foreach(file IN LISTS files)
  file(STRINGS "${file}" ops REGEX "^KD_TEMPLATE void op_[a-z0-9_]+\\(")
  list(TRANSFORM ops REPLACE "^KD_TEMPLATE void (op_[a-z0-9_]+).*" "\\1")
  list(APPEND held ${ops})
endforeach()

set(complaints "")
file(GLOB files "${ROOT}/kd/cpu/ops/*.hpp")
foreach(file IN LISTS files)
  get_filename_component(name "${file}" NAME)
  file(STRINGS "${file}" ops REGEX "^void op_[a-z0-9_]+\\(")
  list(TRANSFORM ops REPLACE "^void (op_[a-z0-9_]+).*" "\\1")
  list(REMOVE_DUPLICATES ops)
  foreach(op IN LISTS ops)
    if(NOT op IN_LIST held)
      list(APPEND complaints "${op}: is in cpu/ops/${name}, but not in compiled/")
    endif()
  endforeach()
endforeach()
if(NOT files)
  message(FATAL_ERROR "There are no ops in ${ROOT}/kd/cpu/ops.")
endif()

set(verdict "The library of kd::compiled lacks")
include("${CMAKE_CURRENT_LIST_DIR}/report_complaints.cmake")
