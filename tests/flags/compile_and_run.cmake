# SPDX-License-Identifier: MIT
#
# Compiles SOURCE with FLAGS, without a warning, and runs it.
string(REPLACE "|" ";" system_includes "${SYSTEM_INCLUDES}")
list(TRANSFORM system_includes PREPEND "-isystem")
execute_process(
  COMMAND "${COMPILER}" -std=c++20 ${FLAGS} -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
          "-I${INCLUDES}" ${system_includes} "${SOURCE}" -o "${PROGRAM}" -pthread
  RESULT_VARIABLE failed
  ERROR_VARIABLE messages)
if(failed)
  message(FATAL_ERROR "${SOURCE} does not compile with ${FLAGS}:\n${messages}")
endif()
execute_process(COMMAND "${PROGRAM}" RESULT_VARIABLE failed OUTPUT_VARIABLE output)
if(failed)
  message(FATAL_ERROR "${SOURCE} with ${FLAGS} (${failed}):\n${output}")
endif()
