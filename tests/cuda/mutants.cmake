# SPDX-License-Identifier: MIT
#
# Spoils the kernels, one place at a time, and asks whether the sanitizers notice:
#
#   cmake -DCOMPILER=<c++> -DINCLUDE=<include folder> -DWORK=<folder> -DKIND=<barriers|bounds>
#         [-DEVERY=<n>: only every n-th place] -P mutants.cmake
#
# barriers: takes out each __syncthreads() in turn; ThreadSanitizer has to see the race.
# bounds:   turns each `i < size` into `i <= size`; AddressSanitizer has to see the access.
#
# What stands in kd/cuda/<header>.cuh or kd/cuda/ops/<header>.cuh is run by exercise/<header>.cpp.
cmake_minimum_required(VERSION 3.25)

if(KIND STREQUAL "barriers")
  set(pattern "__syncthreads\\(\\)")
  set(sanitizer thread)
  set(expected "ThreadSanitizer: data race")
else()
  string(CONCAT pattern "(i|c|row|col|sample|first|taken) < "
                "(size|rows|cols|classes|batch|features|width|negatives|pairs\\.width|k)[^a-z_.]"
                "|k < count[^a-z_.]")
  set(sanitizer address)
  set(expected "AddressSanitizer: ")
endif()
if(NOT EVERY)
  set(EVERY 1)
endif()
get_filename_component(here "${CMAKE_CURRENT_LIST_FILE}" DIRECTORY)

# Compiles exercise/<header>.cpp against <folder> and runs it; sets <output> to what it says.
function(run_exercise header folder output)
  execute_process(
    COMMAND "${COMPILER}" -std=c++20 -O1 -g1 -fsanitize=${sanitizer} "-I${here}/standin"
            "-I${folder}" "-I${INCLUDE}" "${here}/exercise/${header}.cpp" -pthread -o
            "${WORK}/exercise"
    RESULT_VARIABLE failed
    ERROR_VARIABLE errors)
  if(failed)
    message(FATAL_ERROR "${errors}")
  endif()
  execute_process(
    COMMAND "${CMAKE_COMMAND}" -E env ASAN_OPTIONS=detect_leaks=0 TSAN_OPTIONS=halt_on_error=1
            "${WORK}/exercise"
    RESULT_VARIABLE result
    OUTPUT_VARIABLE said
    ERROR_VARIABLE said)
  set(${output} "${said}" PARENT_SCOPE)
  set(result "${result}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}/include/kd/cuda/ops")
file(GLOB kernels RELATIVE "${INCLUDE}/kd/cuda" "${INCLUDE}/kd/cuda/*.cuh"
     "${INCLUDE}/kd/cuda/ops/*.cuh")
set(survivors "")
set(count 0)
foreach(kernel IN LISTS kernels)
  file(READ "${INCLUDE}/kd/cuda/${kernel}" rest)
  if(NOT rest MATCHES "${pattern}")
    continue()
  endif()
  get_filename_component(header "${kernel}" NAME_WE)
  if(NOT EXISTS "${here}/exercise/${header}.cpp")
    message(FATAL_ERROR "Nothing runs the kernels of ${kernel}: exercise/${header}.cpp is missing.")
  endif()
  run_exercise(${header} "${INCLUDE}" said)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "The kernels of ${kernel}, as they are, do not pass:\n${said}")
  endif()
  set(before "")
  while(rest MATCHES "${pattern}")
    set(found "${CMAKE_MATCH_0}")
    string(FIND "${rest}" "${found}" at)
    string(LENGTH "${found}" length)
    string(SUBSTRING "${rest}" 0 ${at} head)
    math(EXPR at "${at} + ${length}")
    string(SUBSTRING "${rest}" ${at} -1 rest)
    if(KIND STREQUAL "barriers")
      set(spoiled "static_cast<void>(0)")
    else()
      string(REPLACE " < " " <= " spoiled "${found}")
    endif()
    string(REGEX MATCHALL "\n" lines "${before}${head}")
    list(LENGTH lines line)
    math(EXPR line "${line} + 1")
    math(EXPR count "${count} + 1")
    math(EXPR skipped "${count} % ${EVERY}")
    if(skipped EQUAL 0)
      # The spoiled header shadows the sound one: others find it by its path below this folder.
      file(WRITE "${WORK}/include/kd/cuda/${kernel}" "${before}${head}${spoiled}${rest}")
      run_exercise(${header} "${WORK}/include" said)
      if(result EQUAL 0 OR NOT said MATCHES "${expected}")
        list(APPEND survivors "${kernel}:${line}: ${found}")
      endif()
    endif()
    string(APPEND before "${head}${found}")
  endwhile()
  file(REMOVE "${WORK}/include/kd/cuda/${kernel}")
endforeach()

if(count EQUAL 0)
  message(FATAL_ERROR "Nothing was found to spoil.")
endif()
if(survivors)
  list(JOIN survivors "\n  " survivors)
  message(FATAL_ERROR "Nobody noticed that these were spoiled:\n  ${survivors}")
endif()
message(STATUS "Of ${count} places every ${EVERY}. was spoiled, and noticed (${KIND}).")
