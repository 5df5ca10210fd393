# SPDX-License-Identifier: MIT
#
# Builds kd's tests and examples and runs all tests, from nothing:
#
#   cmake -P cmake/check.cmake                 installs what is missing, builds, tests
#   cmake -DKD_FULL=ON -P cmake/check.cmake    also: formatting, and clang with the sanitizers
#
# -DKD_APT=OFF (before -P) leaves the system's packages alone: CMake then downloads what is missing
# into the build folder.
cmake_minimum_required(VERSION 3.25)
include("${CMAKE_CURRENT_LIST_DIR}/setup.cmake")
option(KD_FULL "Check the formatting too, and test with clang and with the sanitizers" OFF)

# kd_need_program(<program> <Debian package>...)
function(kd_need_program program package)
  find_program(found ${program} NO_CACHE)
  if(NOT found)
    kd_apt_install(${package} ${ARGN})
    find_program(found ${program} NO_CACHE)
  endif()
  if(NOT found)
    kd_stop("The full check needs ${program}.\nOn Debian or Ubuntu:  apt-get install ${package}\n"
            "Then run this command again, or leave -DKD_FULL=ON out.")
  endif()
endfunction()

# Other versions of clang-format lay some lines out differently, so only version 14 is asked.
function(kd_check_formatting)
  find_program(clang_format NAMES clang-format-14 clang-format NO_CACHE)
  if(clang_format)
    execute_process(COMMAND "${clang_format}" --version OUTPUT_VARIABLE version)
  endif()
  if(NOT version MATCHES "version 14\\.")
    kd_say("Formatting: not checked, clang-format 14 is not installed")
    return()
  endif()
  kd_say("Formatting: asking clang-format 14")
  set(sources "")
  foreach(folder include tests examples benchmarks)
    file(GLOB_RECURSE found "${kd_source_dir}/${folder}/*.[ch]pp")
    list(APPEND sources ${found})
  endforeach()
  kd_run("Some sources are not formatted: their names are above. To format one:\n\
  clang-format -i <file>"
         "${clang_format}" --dry-run --Werror ${sources})
endfunction()

# kd_test(<build> <configure argument>...)
function(kd_test build)
  kd_configure("${build}" -DKD_BUILD_TESTS=ON -DKD_BUILD_EXAMPLES=ON -DKD_DOWNLOAD_MNIST=OFF ${ARGN})
  kd_build("${build}" all)
  kd_jobs(jobs)
  kd_say("Testing ${build}")
  kd_run("Tests failed in ${build}: their names are above. To see one again:\n\
  ctest --test-dir \"${build}\" --output-on-failure -R <name>"
         "${CMAKE_CTEST_COMMAND}" --test-dir "${build}" --output-on-failure --no-tests=error
         --parallel ${jobs} -C Release)
endfunction()

if(KD_FULL)
  kd_need_program(clang++ clang libclang-rt-dev)
  kd_check_formatting()
endif()
kd_setup(fetch Eigen3 xtensor ZLIB Catch2 CLI11 nlohmann_json)

set(build "${kd_source_dir}/build/check")
if(KD_FULL)
  # This build is for clang's warnings and for the sanitizers; the packaging, the documents and the
  # like are for the next one.
  kd_test("${build}-clang-sanitize" -DCMAKE_CXX_COMPILER=clang++ -DKD_WERROR=ON
          -DKD_SANITIZE=address,undefined -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_CXX_FLAGS_DEBUG=-O1 -g1"
          -DKD_TEST_REPOSITORY=OFF ${fetch})
endif()
kd_test("${build}" -DCMAKE_BUILD_TYPE=Release -DKD_WERROR=${KD_FULL} ${fetch})
kd_say("All tests passed.")
