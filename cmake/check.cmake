# SPDX-License-Identifier: MIT
#
# Builds kd's tests and examples and runs all tests, from nothing:
#
#   cmake -P cmake/check.cmake                 installs what is missing, builds, tests
#   cmake -DKD_FULL=ON -P cmake/check.cmake    also: formatting, and with the oldest and the newest
#                                              clang of Debian 12: 14 with the sanitizers, and 19,
#                                              each of them half of the rooms; -DKD_EVERY_ROOM=ON
#                                              gives both all of them but the examples'
#
# -DKD_APT=OFF (before -P) leaves the system's packages alone: CMake then downloads what is missing
# into the build folder.
cmake_minimum_required(VERSION 3.25)
include("${CMAKE_CURRENT_LIST_DIR}/setup.cmake")
option(KD_FULL "Check the formatting too, and test with two clangs and the sanitizers" OFF)
option(KD_EVERY_ROOM "With KD_FULL: build every room with both clangs" OFF)

# kd_find_clang(<result> <program>... PACKAGES <Debian package>...): sets <result> to the first of
# the programs that is there, installed first where none is; or to nothing.
function(kd_find_clang result)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" PACKAGES)
  find_program(found NAMES ${arg_UNPARSED_ARGUMENTS} NO_CACHE)
  if(NOT found)
    kd_apt_install(failure ${arg_PACKAGES})
    find_program(found NAMES ${arg_UNPARSED_ARGUMENTS} NO_CACHE)
  endif()
  if(NOT found)
    set(found "")
  endif()
  set(${result} "${found}" PARENT_SCOPE)
endfunction()

# Sees to NumPy, with which a test reads kd's files; without it that test is skipped.
function(kd_find_numpy)
  foreach(python IN ITEMS python3 /usr/bin/python3)
    execute_process(COMMAND "${python}" -c "import numpy" RESULT_VARIABLE lacks OUTPUT_QUIET
                            ERROR_QUIET)
    if("${lacks}" STREQUAL "0")
      return()
    endif()
  endforeach()
  kd_apt_install(failure python3-numpy)
  if(failure)
    kd_say("NumPy: not installed, so Python does not read kd's files. ${failure}")
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

# kd_test(<build> [TARGETS <target>...] [CTEST <argument>...] [CONFIGURE <argument>...])
function(kd_test build)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "TARGETS;CTEST;CONFIGURE")
  if(NOT arg_TARGETS)
    set(arg_TARGETS all)
  endif()
  # Everything is built here, so that several tests at once take less time.
  kd_configure("${build}" -DKD_BUILD_TESTS=ON -DKD_TEST_BATCH=6 -DKD_DOWNLOAD_MNIST=OFF
               ${arg_CONFIGURE})
  kd_build("${build}" ${arg_TARGETS})
  kd_jobs(jobs)
  kd_say("Testing ${build}")
  kd_run("Tests failed in ${build}: their names are above. To see one again:\n\
  ctest --test-dir \"${build}\" --output-on-failure -R <name>"
         "${CMAKE_CTEST_COMMAND}" --test-dir "${build}" --output-on-failure --no-tests=error
         --parallel ${jobs} -C Release ${arg_CTEST})
endfunction()

# kd_test_rooms(<build> <room>... CONFIGURE <argument>...): kd_test of these folders of tests/ alone.
function(kd_test_rooms build)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "CONFIGURE")
  set(rooms ${arg_UNPARSED_ARGUMENTS})
  set(targets ${rooms})
  list(TRANSFORM targets PREPEND kd_test_)
  list(JOIN rooms "|" rooms)
  kd_test(
    "${build}"
    TARGETS ${targets}
    CONFIGURE -DKD_TEST_REPOSITORY=OFF -DKD_TEST_WIDTHS=OFF -DKD_BUILD_EXAMPLES=OFF ${arg_CONFIGURE}
    CTEST --tests-regex "^(${rooms})/")
endfunction()

if(KD_FULL)
  kd_find_clang(oldest clang++-14 clang++ PACKAGES clang libclang-rt-dev)
  if(NOT oldest)
    kd_stop("The full check needs clang.\n"
            "On Debian or Ubuntu, as root:  apt-get install clang libclang-rt-dev\n"
            "Then run this command again, or leave -DKD_FULL=ON out.")
  endif()
  kd_find_clang(newest clang++-19 PACKAGES clang-19)
  kd_check_formatting()
  kd_find_numpy()
endif()
kd_setup(fetch Eigen3 xtensor ZLIB Catch2 CLI11 nlohmann_json)

set(build "${kd_source_dir}/build/check")
set(sanitized_rooms core cpu data export files fuzz graph io nn quant train)
set(newest_rooms cuda distill interop loss methods optim report schemes support teachers testing)
if(KD_EVERY_ROOM)
  list(APPEND sanitized_rooms ${newest_rooms})
  set(newest_rooms ${sanitized_rooms})
endif()
if(KD_FULL)
  # These builds are for clang's warnings and for the sanitizers; the packaging, the documents, the
  # programs and the like are for the last one. Each clang takes half of the rooms, for time: the
  # sanitizers those that index, read and share memory, the newest those of templates upon templates.
  # Both take all of them where KD_EVERY_ROOM is ON. (CUDA's kernels are sanitized by tests of their
  # own, which spoil some of them.)
  kd_test_rooms(
    "${build}-clang-sanitize" ${sanitized_rooms}
    CONFIGURE -DCMAKE_CXX_COMPILER=${oldest} -DKD_WERROR=ON -DKD_SANITIZE=address,undefined
              -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_CXX_FLAGS_DEBUG=-O0 -g1" ${fetch})
  if(newest)
    kd_test_rooms(
      "${build}-clang-newest" ${newest_rooms}
      CONFIGURE -DCMAKE_CXX_COMPILER=${newest} -DKD_WERROR=ON -DCMAKE_BUILD_TYPE=Debug
                -DCMAKE_CXX_FLAGS_DEBUG=-O0 ${fetch})
  else()
    kd_say("clang 19: not installed and not to be had from apt-get, so nothing is compiled with it")
  endif()
endif()
kd_test("${build}" CONFIGURE -DKD_BUILD_EXAMPLES=ON -DCMAKE_BUILD_TYPE=Release -DKD_WERROR=${KD_FULL}
                             ${fetch})
kd_say("All tests passed.")
