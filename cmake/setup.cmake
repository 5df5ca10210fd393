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
  if(CMAKE_VERSION VERSION_GREATER_EQUAL 3.29)
    cmake_language(EXIT 1)
  endif()
  message(FATAL_ERROR "Stopped. What to do stands above.")
endfunction()

# kd_run(<what to say if it fails> <command> <argument>...)
function(kd_run complaint)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    kd_stop("${complaint}")
  endif()
endfunction()

# Sets <refusal> to why apt-get may not be run here, or to nothing, and <prefix> to what has to stand
# before it.
function(kd_apt_rights refusal prefix)
  set(${refusal} "" PARENT_SCOPE)
  set(${prefix} "" PARENT_SCOPE)
  find_program(apt_get apt-get NO_CACHE)
  if(NOT KD_APT)
    set(${refusal} "Apt-get is not to be used (KD_APT=OFF)" PARENT_SCOPE)
    return()
  elseif(NOT apt_get)
    set(${refusal} "There is no apt-get" PARENT_SCOPE)
    return()
  endif()
  execute_process(COMMAND id -u OUTPUT_VARIABLE user OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(user STREQUAL "0")
    return()
  endif()
  find_program(sudo sudo NO_CACHE)
  if(sudo)
    execute_process(COMMAND "${sudo}" -n true RESULT_VARIABLE refused OUTPUT_QUIET ERROR_QUIET)
    if(NOT refused)
      set(${prefix} "${sudo};-n" PARENT_SCOPE)
      return()
    endif()
  endif()
  set(${refusal} "This user may not run apt-get" PARENT_SCOPE)
endfunction()

# kd_apt_install(<failure> <Debian package>...): sets <failure> to why that did not work, or to
# nothing. What apt-get says goes to a file: it is long.
function(kd_apt_install failure)
  kd_apt_rights(refusal prefix)
  if(refusal)
    set(${failure} "${refusal}" PARENT_SCOPE)
    return()
  endif()
  set(${failure} "" PARENT_SCOPE)
  list(JOIN ARGN " " names)
  kd_say("Installing Debian packages with apt-get: ${names}")
  set(apt_get ${prefix} env DEBIAN_FRONTEND=noninteractive apt-get -q -o Acquire::Retries=0
              -o Acquire::http::Timeout=10 -o Acquire::https::Timeout=10)
  set(log "${kd_source_dir}/build/apt-get.txt")
  execute_process(COMMAND ${apt_get} update OUTPUT_VARIABLE updating ERROR_VARIABLE updating)
  execute_process(COMMAND ${apt_get} install -y --no-install-recommends ${ARGN}
                  RESULT_VARIABLE failed OUTPUT_VARIABLE installing ERROR_VARIABLE installing)
  file(WRITE "${log}" "${updating}\n${installing}")
  if(failed)
    set(reason "Apt-get failed (${log})")
    if(installing MATCHES "(^|\n)E: ([^\n]*)")
      set(reason "Apt-get says: ${CMAKE_MATCH_2} (more in ${log})")
    endif()
    set(${failure} "${reason}" PARENT_SCOPE)
  endif()
endfunction()

# Sets <obstacle> to why the packages cannot be downloaded, or to nothing. One small file from each
# of their hosts tells, in seconds, what unpacking them all would tell in minutes.
function(kd_look_for_network obstacle)
  set(${obstacle} "" PARENT_SCOPE)
  set(hosts "")
  foreach(package IN LISTS ARGN)
    if(package STREQUAL "Eigen3")
      list(APPEND hosts gitlab.com)
    else()
      list(APPEND hosts github.com)
    endif()
  endforeach()
  list(REMOVE_DUPLICATES hosts)
  foreach(host IN LISTS hosts)
    file(DOWNLOAD "https://${host}/robots.txt" STATUS status TIMEOUT 10)
    list(GET status 0 code)
    if(code MATCHES "^(5|6|7|28|35)$") # no name, no connection or no answer; all else is an answer
      list(GET status 1 reason)
      set(${obstacle} "${host} cannot be reached (${reason})" PARENT_SCOPE)
      return()
    endif()
  endforeach()
endfunction()

# kd_stop_without(<what is missing> <obstacles> <Debian package>...)
function(kd_stop_without missing obstacles)
  list(JOIN ARGN " " debian)
  kd_stop("Not installed: ${missing}.\n${obstacles}.\n"
          "On Debian or Ubuntu, as root:  apt-get install ${debian}\nThen run this command again.")
endfunction()

# Sets <result> to the arguments that choose the generator of <build>, which is chosen once.
function(kd_generator build result)
  set(${result} "" PARENT_SCOPE)
  if(DEFINED ENV{CMAKE_GENERATOR} OR EXISTS "${build}/CMakeCache.txt")
    return()
  endif()
  find_program(ninja NAMES ninja ninja-build NO_CACHE)
  if(ninja)
    set(${result} -G Ninja PARENT_SCOPE)
  else()
    set(${result} -G "Unix Makefiles" PARENT_SCOPE)
  endif()
endfunction()

# Sets <missing> to the Debian names of the tools without which CMake cannot even look for packages.
function(kd_missing_tools missing)
  set(tools "")
  find_program(compiler NAMES c++ g++ clang++ NO_CACHE)
  if(NOT compiler AND NOT DEFINED ENV{CXX})
    list(APPEND tools g++)
  endif()
  find_program(builder NAMES ninja ninja-build make gmake NO_CACHE)
  if(NOT builder AND NOT DEFINED ENV{CMAKE_GENERATOR})
    list(APPEND tools make)
  endif()
  set(${missing} ${tools} PARENT_SCOPE)
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
    string(REGEX REPLACE "(^|\n)-- [^\n]*" "" output "${output}")
    string(REGEX REPLACE "\n[ \n]*\n" "\n" output "${output}")
    kd_stop("${output}\n"
            "CMake cannot compile a C++ program here: its words are above.\n"
            "If a compiler is installed under another name:  CXX=<compiler> cmake -P ...\n"
            "Otherwise:  apt-get install g++   (g++ 12 or clang 14, or newer)\n"
            "Then run this command again.")
  endif()
  file(READ "${build}/compiler.txt" compiler)
  list(GET compiler 0 new_enough)
  list(GET compiler 1 name)
  if(NOT new_enough)
    kd_stop("The compiler (${name}) is too old: kd needs C++20 as g++ 12 and clang 14 have it, or newer ones.\n"
            "Install one (apt-get install g++) or name it:  CXX=<compiler> cmake -P ...\n"
            "Then run this command again.")
  endif()
  file(READ "${build}/missing.txt" text)
  set(${missing} "${text}" PARENT_SCOPE)
endfunction()

# kd_setup(<result> <package>...): installs what is missing, or stops at once. Sets <result> to the
# argument that tells the configuration whether to download what could not be installed.
function(kd_setup result)
  set(${result} -DKD_FETCH_DEPENDENCIES=OFF PARENT_SCOPE)
  list(JOIN ARGN ", " names)
  kd_say("Looking for a C++20 compiler and the packages ${names}")
  kd_missing_tools(tools)
  if(tools) # then nobody can tell which packages are there: apt-get can
    set(debian ${tools})
    foreach(package IN LISTS ARGN)
      list(APPEND debian ${kd_debian_${package}})
    endforeach()
    kd_apt_install(failure ${debian})
    kd_missing_tools(tools)
    if(tools)
      list(JOIN tools " and " tools)
      kd_stop_without("${tools}, and perhaps ${names}" "${failure}" ${debian})
    endif()
  endif()

  kd_probe(missing ${ARGN})
  set(debian "")
  foreach(package IN LISTS missing)
    list(APPEND debian ${kd_debian_${package}})
  endforeach()
  if(missing)
    kd_apt_install(failure ${debian})
    if(NOT failure)
      kd_probe(missing ${ARGN})
      set(failure "What apt-get has installed does not do")
    endif()
  endif()
  if(missing)
    list(JOIN missing ", " names)
    kd_look_for_network(obstacle ${missing})
    if(obstacle)
      kd_stop_without("${names}" "${failure}.\n\
CMake cannot download them either: ${obstacle}" ${debian})
    endif()
    list(JOIN debian " " debian)
    set_property(GLOBAL PROPERTY kd_missing_debian " ${debian}")
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

# kd_build(<build> <target>...)
function(kd_build build)
  kd_jobs(jobs)
  list(JOIN ARGN ", " names)
  kd_say("Building ${names} in ${build} (${jobs} at a time)")
  kd_run("Building ${names} failed: the compiler's words are above."
         "${CMAKE_COMMAND}" --build "${build}" --config Release --target ${ARGN} --parallel ${jobs})
endfunction()
