# SPDX-License-Identifier: MIT
#
# Installs kd from SOURCE with its component `compiled` into the empty folder BUILD, and builds
# CONSUMER with it: as it is; beside kd::native, which CMake refuses; and for other vectors than the
# library's, which the linker does.
cmake_minimum_required(VERSION 3.25)

file(REMOVE_RECURSE "${BUILD}")
set(common -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DEigen3_DIR=${EIGEN_DIR}"
           -DCMAKE_CONFIGURATION_TYPES=Release -DCMAKE_BUILD_TYPE=Release)
execute_process(
  COMMAND "${CMAKE_COMMAND}" ${common} -S "${SOURCE}" -B "${BUILD}/kd" -DKD_COMPONENTS=compiled
          -DKD_BUILD_TESTS=OFF -DKD_BUILD_EXAMPLES=OFF -DCMAKE_CXX_FLAGS=-O0 COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${CMAKE_COMMAND}" --build "${BUILD}/kd" --config Release
                        COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}/kd" --prefix "${BUILD}/prefix"
                        --config Release COMMAND_ERROR_IS_FATAL ANY)

# build_consumer(<folder> <argument>...): sets `result` and what was `said`.
macro(build_consumer folder)
  execute_process(
    COMMAND "${CMAKE_COMMAND}" ${common} -S "${CONSUMER}" -B "${BUILD}/${folder}"
            "-DCMAKE_PREFIX_PATH=${BUILD}/prefix" "-DKD_EXPECTED_VERSION=${VERSION}" ${ARGN}
    RESULT_VARIABLE result
    OUTPUT_VARIABLE said
    ERROR_VARIABLE said)
  if(result EQUAL 0)
    execute_process(
      COMMAND "${CMAKE_COMMAND}" --build "${BUILD}/${folder}" --config Release
      RESULT_VARIABLE result
      OUTPUT_VARIABLE said
      ERROR_VARIABLE said)
  endif()
endmacro()

build_consumer(same -DMORE_COMPONENTS=compiled)
find_program(consumer consumer PATHS "${BUILD}/same" "${BUILD}/same/Release" NO_DEFAULT_PATH NO_CACHE)
if(NOT result EQUAL 0 OR NOT consumer)
  message(FATAL_ERROR "This must work:\n${said}")
endif()
execute_process(COMMAND "${consumer}" OUTPUT_VARIABLE said COMMAND_ERROR_IS_FATAL ANY)
if(NOT said STREQUAL "errors: 0\n")
  message(FATAL_ERROR "The consumer said: ${said}")
endif()

build_consumer(native "-DMORE_COMPONENTS=compiled\;native")
if(result EQUAL 0 OR NOT said MATCHES "KD_NATIVE")
  message(FATAL_ERROR "CMake must refuse kd::native beside this library:\n${said}")
endif()

if(X86)
  build_consumer(wider -DMORE_COMPONENTS=compiled "-DCMAKE_CXX_FLAGS=-mavx2 -mfma")
  if(result EQUAL 0 OR NOT said MATCHES "must_be_linked")
    message(FATAL_ERROR "The linker must miss the library for wider vectors:\n${said}")
  endif()
endif()
