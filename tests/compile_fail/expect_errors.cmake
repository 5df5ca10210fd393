# SPDX-License-Identifier: MIT
#
# Compiles SOURCE with COMPILER and passes if that goes as the source says, in comments that start
# a line:
#
#   // expect-first: <regex>   it does not compile, and the first line with an error matches
#   // expect: <regex>         it does not compile, and what the compiler says matches somewhere
#   // expect-ok               it compiles: the control, without which a wrong path would pass
#   // expect-errors: <n>      the compiler reports no more than so many errors
#   // compile-with: <flags>   more flags; the last -std= counts
cmake_minimum_required(VERSION 3.25)

set(ENV{LC_ALL} C) # compilers speak English, with plain quotes
string(REPLACE "|" ";-isystem;" system_includes "-isystem;${SYSTEM_INCLUDES}")
file(READ "${SOURCE}" text)
set(flags "")
if(text MATCHES "\n// compile-with: ([^\n]*)")
  separate_arguments(flags UNIX_COMMAND "${CMAKE_MATCH_1}")
endif()
execute_process(
  COMMAND "${COMPILER}" -std=c++20 ${flags} -fsyntax-only "-I${INCLUDES}" ${system_includes}
          "${SOURCE}"
  RESULT_VARIABLE result
  OUTPUT_VARIABLE output
  ERROR_VARIABLE output)
# clang 16 and later print the word, twice, where the others print the name alone.
string(REPLACE "::template template " "::" output "${output}")
string(REPLACE "::template " "::" output "${output}")

if(text MATCHES "(^|\n)// expect-ok")
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "This must compile:\n${output}")
  endif()
  return()
endif()

if(result EQUAL 0)
  message(FATAL_ERROR "This must not compile, but does.")
endif()

if(text MATCHES "\n// expect-errors: ([0-9]+)")
  set(most ${CMAKE_MATCH_1})
  string(REGEX MATCHALL "error:" errors "${output}")
  list(LENGTH errors count)
  if(count GREATER most)
    message(FATAL_ERROR "More than ${most} errors:\n${output}")
  endif()
endif()
string(REGEX MATCH "[^\n]*error:[^\n]*" first_error "${output}")
string(REGEX MATCHALL "// expect(-first)?: [^\n]*" expectations "${text}")
if(NOT expectations)
  message(FATAL_ERROR "The source does not say with which words it fails to compile.")
endif()
foreach(expectation IN LISTS expectations)
  string(REGEX MATCH "^// (expect[-a-z]*): (.*)$" matched "${expectation}")
  set(regex "${CMAKE_MATCH_2}")
  if(CMAKE_MATCH_1 STREQUAL "expect-first")
    set(where "${first_error}")
  else()
    set(where "${output}")
  endif()
  if(NOT where MATCHES "${regex}")
    message(FATAL_ERROR "Not said by the compiler: ${regex}\nIt said:\n${output}")
  endif()
endforeach()
