# SPDX-License-Identifier: MIT
#
# Trains a teacher and a student on MNIST and distils the one into the other, from nothing:
#
#   cmake -P cmake/mnist.cmake                             installs what is missing, builds, runs
#   cmake -P cmake/mnist.cmake -- --recipe article         hands what follows -- to the program
#   cmake -DMNIST_ARGS="--seed 3" -P cmake/mnist.cmake     the same in another spelling
#
# -DKD_APT=OFF (before -P) leaves the system's packages alone: CMake then downloads what is missing
# into the build folder.
cmake_minimum_required(VERSION 3.25)
include("${CMAKE_CURRENT_LIST_DIR}/setup.cmake")

separate_arguments(arguments UNIX_COMMAND "${MNIST_ARGS}")
set(ours TRUE)
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(i RANGE ${last})
  if(NOT ours)
    list(APPEND arguments "${CMAKE_ARGV${i}}")
  elseif(CMAKE_ARGV${i} STREQUAL "--")
    set(ours FALSE)
  endif()
endforeach()

set(build "${kd_source_dir}/build/mnist")
set(json "${build}/mnist_distill.json")

kd_setup(fetch Eigen3 ZLIB CLI11 nlohmann_json)
kd_configure(
  "${build}"
  -DCMAKE_BUILD_TYPE=Release
  -DKD_BUILD_EXAMPLES=ON
  -DKD_BUILD_TESTS=OFF
  -DKD_DOWNLOAD_MNIST=ON
  ${fetch})
kd_build("${build}" mnist_distill)

find_program(program mnist_distill PATHS "${build}/examples" "${build}/examples/Release"
             NO_DEFAULT_PATH NO_CACHE REQUIRED)
# The results go to the build folder, unless the arguments say otherwise.
file(REMOVE "${json}")
if(NOT ";${arguments}" MATCHES ";--json")
  list(PREPEND arguments --json "${json}")
endif()
list(JOIN arguments " " shown)
kd_say("Running ${program} ${shown}")
kd_run("The program stopped with an error: its words are above." "${program}" ${arguments})
if(EXISTS "${json}")
  kd_say("The results, as JSON: ${json}")
endif()
kd_say("The program: ${program}   (--help says what it can do)")
