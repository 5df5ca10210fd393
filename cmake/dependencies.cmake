# SPDX-License-Identifier: MIT
#
# The packages that kd, its tests and its examples use: how each is found, and, with
# KD_FETCH_DEPENDENCIES=ON, what is downloaded in its place.
#
# The archives are pinned by SHA-256. Each hash was compared in public package recipes of at least
# two independent projects (Spack, xmake, Homebrew, Arch, Bazel and others); a mismatch stops CMake.

set(kd_cmake_dir "${CMAKE_CURRENT_LIST_DIR}")

include("${kd_cmake_dir}/kdTargets.cmake") # names those that kd's own targets need
set(kd_target_scope GLOBAL) # a parent project sees kd's targets

set(kd_debian_Catch2 catch2)
set(kd_debian_CLI11 libcli11-dev)
set(kd_debian_benchmark libbenchmark-dev)

set(kd_target_Catch2 Catch2::Catch2)
set(kd_target_CLI11 CLI11::CLI11)
set(kd_target_benchmark benchmark::benchmark)

# Unpacks a header-only package and makes `target` of it. An imported target's headers are system
# headers, and kd's own export may name it without exporting it.
function(kd_fetch_headers name target url hash)
  include(FetchContent)
  FetchContent_Declare(
    ${name}
    URL ${url}
    URL_HASH SHA256=${hash}
    SOURCE_SUBDIR nothing-to-build)
  FetchContent_MakeAvailable(${name})
  string(TOLOWER ${name} lower)
  add_library(${target} INTERFACE IMPORTED)
  foreach(folder IN LISTS ARGN)
    target_include_directories(${target} INTERFACE "${${lower}_SOURCE_DIR}/${folder}")
  endforeach()
endfunction()

function(kd_fetch_Eigen3)
  kd_fetch_headers(
    eigen Eigen3::Eigen https://gitlab.com/libeigen/eigen/-/archive/3.4.0/eigen-3.4.0.tar.gz
    8586084f71f9bde545ee7fa6d00288b264a2b7ac3607b974e54d13e7162c1c72 .)
endfunction()

function(kd_fetch_xtensor)
  kd_fetch_headers(
    xtl kd_xtl https://github.com/xtensor-stack/xtl/archive/refs/tags/0.7.7.tar.gz
    44fb99fbf5e56af5c43619fc8c29aa58e5fad18f3ba6e7d9c55c111b62df1fbb include)
  kd_fetch_headers(
    xtensor xtensor https://github.com/xtensor-stack/xtensor/archive/refs/tags/0.24.7.tar.gz
    0fbbd524dde2199b731b6af99b16063780de6cf1d0d6cb1f3f4d4ceb318f3106 include)
  FetchContent_GetProperties(xtl)
  target_include_directories(xtensor INTERFACE "${xtl_SOURCE_DIR}/include")
endfunction()

function(kd_fetch_CLI11)
  kd_fetch_headers(
    cli11 CLI11::CLI11 https://github.com/CLIUtils/CLI11/archive/refs/tags/v2.4.2.tar.gz
    f2d893a65c3b1324c50d4e682c0cdc021dd0477ae2c048544f39eed6654b699a include)
endfunction()

function(kd_fetch_nlohmann_json)
  kd_fetch_headers(
    nlohmann_json nlohmann_json::nlohmann_json
    https://github.com/nlohmann/json/releases/download/v3.11.3/json.tar.xz
    d6c65aca6b1ed68e7a182f4757257b107ae403032760ed6ef121c9d55e81757d include)
endfunction()

# zlib's own build renames a header in the source tree and installs itself; its sources need neither.
function(kd_fetch_ZLIB)
  kd_fetch_headers(
    zlib kd_zlib_headers_only https://github.com/madler/zlib/releases/download/v1.3.1/zlib-1.3.1.tar.gz
    9a93b2b7dfdac77ceba5a558a580e74667dd6fede4585b91eefb60f03b72df23 .)
  FetchContent_GetProperties(zlib)
  file(GLOB sources "${zlib_SOURCE_DIR}/*.c")
  add_library(kd_fetched_zlib STATIC EXCLUDE_FROM_ALL ${sources})
  if(UNIX)
    target_compile_definitions(kd_fetched_zlib PRIVATE HAVE_UNISTD_H)
  endif()
  target_include_directories(kd_fetched_zlib SYSTEM PUBLIC "${zlib_SOURCE_DIR}")
  add_library(ZLIB::ZLIB ALIAS kd_fetched_zlib)
endfunction()

function(kd_fetch_Catch2)
  include(FetchContent)
  FetchContent_Declare(
    Catch2
    URL https://github.com/catchorg/Catch2/archive/refs/tags/v3.7.1.tar.gz
    URL_HASH SHA256=c991b247a1a0d7bb9c39aa35faf0fe9e19764213f28ffba3109388e62ee0269c
    SYSTEM)
  FetchContent_MakeAvailable(Catch2)
  set(CMAKE_MODULE_PATH "${catch2_SOURCE_DIR}/extras" ${CMAKE_MODULE_PATH} PARENT_SCOPE)
endfunction()

# For zlib; here, because a language cannot be enabled inside of a function.
if(KD_FETCH_DEPENDENCIES AND NOT CMAKE_SCRIPT_MODE_FILE)
  enable_language(C)
endif()

# kd_find(<package> <problem>): makes the package's target, if it is installed or may be fetched, and
# the component of kd that stands on it. Or says why not.
macro(kd_find package problem)
  set(${problem} "")
  if("${package}" STREQUAL "Eigen3")
    kd_find_eigen(${problem})
  elseif(NOT TARGET ${kd_target_${package}})
    find_package(${package} QUIET)
  endif()
  if(NOT TARGET ${kd_target_${package}}
     AND KD_FETCH_DEPENDENCIES
     AND COMMAND kd_fetch_${package})
    message(STATUS "kd: ${package} is not installed, downloading it")
    cmake_language(CALL kd_fetch_${package})
    set(${problem} "")
  endif()
  if(NOT TARGET ${kd_target_${package}} AND "${${problem}}" STREQUAL "")
    set(${problem} "${package} is not installed")
    if(${package}_NOT_FOUND_MESSAGE)
      set(${problem} "${${package}_NOT_FOUND_MESSAGE}")
    endif()
  endif()
endmacro()

# kd_require(<what needs them> <package>...): kd_find for each, or stop and say what to install. Also
# makes the components of kd that stand on these packages.
macro(kd_require purpose)
  set(kd_missing "")
  set(kd_debian "")
  set(kd_reasons "")
  set(kd_wanted ${ARGN})
  foreach(kd_package IN LISTS kd_wanted)
    kd_find(${kd_package} kd_problem)
    if(kd_problem)
      list(APPEND kd_missing ${kd_package})
      string(APPEND kd_debian " ${kd_debian_${kd_package}}")
      string(APPEND kd_reasons "\n  ${kd_problem}")
    endif()
  endforeach()
  if(kd_missing)
    list(JOIN kd_missing ", " kd_missing)
    message(
      FATAL_ERROR
        "${purpose} cannot be built without: ${kd_missing}.${kd_reasons}\n"
        "On Debian or Ubuntu:  apt-get install${kd_debian}\n"
        "Elsewhere: install them and set CMAKE_PREFIX_PATH, or let CMake download pinned versions "
        "with -DKD_FETCH_DEPENDENCIES=ON.")
  endif()
  foreach(kd_component IN LISTS kd_components)
    if(kd_package_${kd_component} IN_LIST kd_wanted)
      kd_add_component(${kd_component} kd_problem)
    endif()
  endforeach()
endmacro()
