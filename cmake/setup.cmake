# SPDX-License-Identifier: MIT
#
# What mnist.cmake and check.cmake share: find the tools, see to the packages, configure, build.
cmake_minimum_required(VERSION 3.25)

get_filename_component(kd_source_dir "${CMAKE_CURRENT_LIST_DIR}" DIRECTORY)
include("${CMAKE_CURRENT_LIST_DIR}/dependencies.cmake") # for the Debian names
option(KD_APT "Install missing Debian packages with apt-get" ON)

function(kd_say)
  string(CONCAT text ${ARGN})
  execute_process(COMMAND "${CMAKE_COMMAND}" -E echo "==> ${text}")
endfunction()

# The words come first: CMake would wrap their lines, and follow them up with its call stack.
function(kd_stop)
  string(CONCAT text ${ARGN})
  message(NOTICE "\n${text}\n")
  message(FATAL_ERROR "Stopped. What to do stands above.")
endfunction()

# kd_run(<what to say if it fails> <command> <argument>...)
function(kd_run complaint)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    kd_stop("${complaint}")
  endif()
endfunction()

# Sets <prefix> to what has to stand before apt-get, and <allowed> to whether it may be run at all.
function(kd_apt_rights allowed prefix)
  set(${allowed} FALSE PARENT_SCOPE)
  set(${prefix} "" PARENT_SCOPE)
  find_program(apt_get apt-get NO_CACHE)
  if(NOT KD_APT OR NOT apt_get)
    return()
  endif()
  execute_process(COMMAND id -u OUTPUT_VARIABLE user OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(user STREQUAL "0")
    set(${allowed} TRUE PARENT_SCOPE)
    return()
  endif()
  find_program(sudo sudo NO_CACHE)
  if(sudo)
    execute_process(COMMAND "${sudo}" -n true RESULT_VARIABLE refused OUTPUT_QUIET ERROR_QUIET)
    if(NOT refused)
      set(${allowed} TRUE PARENT_SCOPE)
      set(${prefix} "${sudo};-n" PARENT_SCOPE)
    endif()
  endif()
endfunction()

# kd_apt_install(<Debian package>...): tries; who calls it looks afterwards whether it helped.
function(kd_apt_install)
  list(JOIN ARGN " " names)
  kd_apt_rights(allowed prefix)
  if(NOT allowed)
    kd_say("Not installed: ${names} (apt-get is not there, or may not be used).")
    return()
  endif()
  kd_say("Installing Debian packages with apt-get: ${names}")
  set(apt_get ${prefix} env DEBIAN_FRONTEND=noninteractive apt-get -q -o Acquire::Retries=1
              -o Acquire::http::Timeout=30)
  execute_process(COMMAND ${apt_get} update OUTPUT_QUIET)
  execute_process(COMMAND ${apt_get} install -y --no-install-recommends ${ARGN}
                  RESULT_VARIABLE failed)
  if(failed)
    kd_say("apt-get could not install them.")
  endif()
endfunction()

# Sets <result> to the arguments that choose the generator of <build>, which is chosen once.
function(kd_generator build result)
  set(${result} "" PARENT_SCOPE)
  if(DEFINED ENV{CMAKE_GENERATOR} OR EXISTS "${build}/CMakeCache.txt")
    return()
  endif()
  find_program(ninja NAMES ninja ninja-build NO_CACHE)
  find_program(make NAMES make gmake NO_CACHE)
  if(NOT ninja AND NOT make)
    kd_apt_install(make)
    find_program(make NAMES make gmake NO_CACHE)
    if(NOT make)
      kd_stop("Neither ninja nor make is installed, and CMake needs one of them.\n"
              "On Debian or Ubuntu:  apt-get install make\nThen run this command again.")
    endif()
  endif()
  if(ninja)
    set(${result} -G Ninja PARENT_SCOPE)
  else()
    set(${result} -G "Unix Makefiles" PARENT_SCOPE)
  endif()
endfunction()

# Sets <missing> to those of the packages that CMake does not find.
function(kd_probe missing)
  set(build "${kd_source_dir}/build/probe")
  # Found packages, and failures to find them, are cached there; the question is about now.
  file(REMOVE_RECURSE "${build}")
  kd_generator("${build}" generator)
  execute_process(
    COMMAND "${CMAKE_COMMAND}" ${generator} -S "${kd_source_dir}/cmake/probe" -B "${build}"
            "-DKD_PROBE_PACKAGES=${ARGN}"
    RESULT_VARIABLE failed
    OUTPUT_VARIABLE output
    ERROR_VARIABLE output)
  if(failed)
    kd_stop("${output}\n"
            "CMake cannot compile a C++ program here: its words are above.\n"
            "If no C++20 compiler is installed:  apt-get install g++   (g++ 12 or clang 14, or newer)\n"
            "If one is, under another name:      CXX=<compiler> cmake -P ...\n"
            "Then run this command again.")
  endif()
  file(READ "${build}/compiler.txt" compiler)
  list(GET compiler 0 knows_cpp20)
  list(GET compiler 1 name)
  if(NOT knows_cpp20)
    kd_stop("The compiler (${name}) does not know C++20. g++ 12 and clang 14 do, and newer ones.\n"
            "Install one (apt-get install g++) or name it:  CXX=<compiler> cmake -P ...\n"
            "Then run this command again.")
  endif()
  file(READ "${build}/missing.txt" text)
  set(${missing} "${text}" PARENT_SCOPE)
endfunction()

# kd_setup(<result> <package>...): installs what is missing. Sets <result> to the argument that tells
# the configuration whether to download what could not be installed.
function(kd_setup result)
  set(${result} -DKD_FETCH_DEPENDENCIES=OFF PARENT_SCOPE)
  list(JOIN ARGN ", " names)
  kd_say("Looking for a C++20 compiler and the packages ${names}")
  kd_probe(missing ${ARGN})
  if(missing)
    set(debian "")
    foreach(package IN LISTS missing)
      list(APPEND debian ${kd_debian_${package}})
    endforeach()
    kd_apt_install(${debian})
    kd_probe(missing ${ARGN})
  endif()
  if(missing)
    set(debian "")
    foreach(package IN LISTS missing)
      string(APPEND debian " ${kd_debian_${package}}")
    endforeach()
    set_property(GLOBAL PROPERTY kd_missing_debian "${debian}")
    list(JOIN missing ", " names)
    kd_say("CMake will download, in pinned versions: ${names}")
    set(${result} -DKD_FETCH_DEPENDENCIES=ON PARENT_SCOPE)
  endif()
endfunction()

# kd_configure(<build> <argument>...)
function(kd_configure build)
  kd_say("Configuring ${build}")
  kd_generator("${build}" generator)
  get_property(debian GLOBAL PROPERTY kd_missing_debian)
  set(complaint "Configuring failed: CMake's words are above.")
  if(debian)
    string(APPEND complaint
           "\nIf a download failed, go online, or install the packages.\n"
           "On Debian or Ubuntu:  apt-get install${debian}\nThen run this command again.")
  endif()
  kd_run("${complaint}" "${CMAKE_COMMAND}" ${generator} -S "${kd_source_dir}" -B "${build}"
         ${ARGN})
endfunction()

# Sets <result> to the number of cores, or less: each compiler may want 1.5 GiB of memory.
function(kd_jobs result)
  cmake_host_system_information(RESULT jobs QUERY NUMBER_OF_LOGICAL_CORES)
  cmake_host_system_information(RESULT memory QUERY TOTAL_PHYSICAL_MEMORY)
  math(EXPR most "${memory} / 1536")
  if(most LESS jobs)
    set(jobs ${most})
  endif()
  if(jobs LESS 1)
    set(jobs 1)
  endif()
  set(${result} ${jobs} PARENT_SCOPE)
endfunction()

function(kd_build build target)
  kd_jobs(jobs)
  kd_say("Building ${target} in ${build} (${jobs} at a time)")
  kd_run("Building ${target} failed: the compiler's words are above."
         "${CMAKE_COMMAND}" --build "${build}" --config Release --target ${target} --parallel ${jobs})
endfunction()
