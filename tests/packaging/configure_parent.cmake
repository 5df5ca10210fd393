# SPDX-License-Identifier: MIT
#
# Configures parent/ in the empty folder BUILD, and passes if that goes as told: it succeeds, or with
# FAILS it does not, and CMake says each regex of SAYS, or writes it into what the parent exports.
# Commas in ARGUMENTS stand for the semicolons of lists.
cmake_minimum_required(VERSION 3.25)

string(REPLACE "," "\\;" ARGUMENTS "${ARGUMENTS}")
file(REMOVE_RECURSE "${BUILD}")
execute_process(
  COMMAND
    "${CMAKE_COMMAND}" -G "${GENERATOR}" -S "${CMAKE_CURRENT_LIST_DIR}/parent" -B "${BUILD}"
    "-DCMAKE_CXX_COMPILER=${COMPILER}" -DCMAKE_CONFIGURATION_TYPES=Release
    "-DKD_SOURCE_DIR=${KD_SOURCE_DIR}" "-DSTEPS=${STEPS}" ${ARGUMENTS}
  RESULT_VARIABLE result
  OUTPUT_VARIABLE said
  ERROR_VARIABLE said)
if(FAILS AND result EQUAL 0)
  message(FATAL_ERROR "This must stop, but does not:\n${said}")
elseif(NOT FAILS AND NOT result EQUAL 0)
  message(FATAL_ERROR "This must work:\n${said}")
endif()
if(EXISTS "${BUILD}/parentTargets.cmake")
  file(READ "${BUILD}/parentTargets.cmake" exported)
  string(APPEND said "${exported}")
endif()
string(REGEX REPLACE "[ \n]+" " " said "${said}") # CMake wraps its lines
foreach(regex IN LISTS SAYS)
  if(NOT said MATCHES "${regex}")
    message(FATAL_ERROR "Not said by CMake: ${regex}\nIt said:\n${said}")
  endif()
endforeach()
