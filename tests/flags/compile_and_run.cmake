# SPDX-License-Identifier: MIT
#
# Compiles SOURCE with FLAGS, without a warning, and runs it. With SAME_WITH=<flags> it must print
# what it prints when compiled with those.
cmake_minimum_required(VERSION 3.25)

string(REPLACE "|" ";-isystem;" system_includes "-isystem;${SYSTEM_INCLUDES}")
function(compile_and_run flags output_variable)
  execute_process(
    COMMAND "${COMPILER}" -std=c++20 ${flags} -Wall -Wextra -Wpedantic -Wconversion -Wshadow
            -Werror -pthread "-I${INCLUDES}" ${system_includes} "${SOURCE}" -o "${PROGRAM}"
    RESULT_VARIABLE failed
    ERROR_VARIABLE messages)
  if(failed)
    message(FATAL_ERROR "${SOURCE} does not compile with ${flags}:\n${messages}")
  endif()
  execute_process(
    COMMAND "${PROGRAM}"
    RESULT_VARIABLE failed
    OUTPUT_VARIABLE output
    ERROR_VARIABLE output)
  if(failed)
    message(FATAL_ERROR "${SOURCE} with ${flags} (${failed}):\n${output}")
  endif()
  set(${output_variable} "${output}" PARENT_SCOPE)
endfunction()

compile_and_run("${FLAGS}" output)
if(SAME_WITH)
  compile_and_run("${SAME_WITH}" expected)
  if(NOT output STREQUAL expected)
    message(FATAL_ERROR "${SOURCE} prints with ${FLAGS}:\n${output}with ${SAME_WITH}:\n${expected}")
  endif()
endif()
