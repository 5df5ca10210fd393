# SPDX-License-Identifier: MIT
#
# <kd/distill.hpp> may cost a translation unit at most 1.5 times the lines of <Eigen/Core>.
#
#   cmake -DCOMPILER=<compiler> -DINCLUDES=<folder>|<folder>... -P check_include_cost.cmake
cmake_minimum_required(VERSION 3.25)

string(REPLACE "|" ";-isystem;" includes "-isystem;${INCLUDES}")

# Sets <result> to the number of preprocessed lines behind `#include <header>`.
function(count_lines header result)
  execute_process(
    COMMAND "${CMAKE_COMMAND}" -E echo "#include <${header}>"
    COMMAND "${COMPILER}" -std=c++20 ${includes} -E -P -x c++ -
    OUTPUT_VARIABLE text
    RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "<${header}> could not be preprocessed.")
  endif()
  string(REGEX REPLACE "[^\n]+" "" newlines "${text}")
  string(LENGTH "${newlines}" lines)
  set(${result} ${lines} PARENT_SCOPE)
endfunction()

count_lines(Eigen/Core eigen)
count_lines(kd/distill.hpp kd)
message(STATUS "Preprocessed lines: <Eigen/Core> ${eigen}, <kd/distill.hpp> ${kd}")
math(EXPR kd_twice "2 * ${kd}")
math(EXPR eigen_thrice "3 * ${eigen}")
if(kd_twice GREATER eigen_thrice)
  message(FATAL_ERROR "<kd/distill.hpp> is past 1.5 times <Eigen/Core>.")
endif()
