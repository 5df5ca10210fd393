# SPDX-License-Identifier: MIT
#
# Builds CONSUMER in the empty folder BUILD and runs it. With PKG_CONFIG, as a command line would;
# otherwise with CMake, by add_subdirectory(KD_SOURCE_DIR) or by find_package from PREFIX.
cmake_minimum_required(VERSION 3.25)

file(REMOVE_RECURSE "${BUILD}")
file(MAKE_DIRECTORY "${BUILD}")

if(DEFINED PKG_CONFIG)
  set(ENV{PKG_CONFIG_PATH} "${PREFIX}/share/pkgconfig:$ENV{PKG_CONFIG_PATH}")
  execute_process(
    COMMAND "${PKG_CONFIG}" --cflags --libs "kd = ${VERSION}"
    OUTPUT_VARIABLE flags
    OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(flags UNIX_COMMAND "${flags}")
  execute_process(
    COMMAND "${COMPILER}" -std=c++20 -Wall -Wextra -Wpedantic -Wconversion -Wshadow
            "${CONSUMER}/main.cpp" "${CONSUMER}/training.cpp" ${flags} -o "${BUILD}/consumer"
    COMMAND_ERROR_IS_FATAL ANY)
else()
  execute_process(
    COMMAND
      "${CMAKE_COMMAND}" -G "${GENERATOR}" -S "${CONSUMER}" -B "${BUILD}"
      "-DCMAKE_CXX_COMPILER=${COMPILER}" -DCMAKE_CONFIGURATION_TYPES=Release
      "-DCMAKE_PREFIX_PATH=${PREFIX}" "-DEigen3_DIR=${EIGEN_DIR}" "-DKD_SOURCE_DIR=${KD_SOURCE_DIR}"
      "-DKD_EXPECTED_VERSION=${VERSION}"
    COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND "${CMAKE_COMMAND}" --build "${BUILD}" --config Release
                          COMMAND_ERROR_IS_FATAL ANY)
endif()

find_program(consumer consumer PATHS "${BUILD}" "${BUILD}/Release" NO_DEFAULT_PATH NO_CACHE REQUIRED)
execute_process(COMMAND "${consumer}" OUTPUT_VARIABLE said COMMAND_ERROR_IS_FATAL ANY)
if(NOT said STREQUAL "errors: 0\n")
  message(FATAL_ERROR "The consumer said: ${said}")
endif()
