# SPDX-License-Identifier: MIT
#
# Loads a page in Chromium, in the widths of widths.html, and fails on any error of the console, on
# what is wider than the window, and on what widths.html misses:
#
#   cmake -DBROWSER=<chromium> -DWORK=<folder> -DPROGRAM=<writes the page it is told> -P check_page.cmake
#   cmake -DBROWSER=<chromium> -DWORK=<folder> -DPAGE=<file.html>                     -P check_page.cmake
cmake_minimum_required(VERSION 3.25)

get_filename_component(here "${CMAKE_CURRENT_LIST_FILE}" DIRECTORY)
file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}")
if(PROGRAM)
  execute_process(COMMAND "${PROGRAM}" "${WORK}/page.html" RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "${PROGRAM} ended with ${failed}")
  endif()
else()
  file(COPY_FILE "${PAGE}" "${WORK}/page.html")
endif()
file(SIZE "${WORK}/page.html" size)
if(size GREATER 1000000)
  message(FATAL_ERROR "the page has ${size} bytes: a megabyte is the most")
endif()
file(READ "${here}/widths.html" widths)
string(REPLACE "\"PAGE\"" "\"page.html\"" widths "${widths}")
file(WRITE "${WORK}/widths.html" "${widths}")

execute_process(
  COMMAND "${BROWSER}" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage
          --allow-file-access-from-files --enable-logging=stderr "--user-data-dir=${WORK}/profile"
          --virtual-time-budget=20000 --dump-dom "file://${WORK}/widths.html"
  TIMEOUT 120
  OUTPUT_VARIABLE dom
  ERROR_VARIABLE log
  RESULT_VARIABLE result)
string(REGEX MATCHALL "WRONG at [^\n<]*" wrong "${dom}")
string(REGEX MATCHALL "[^\n]*CONSOLE[^\n]*" console "${log}")
if(wrong OR console)
  list(JOIN wrong "\n" wrong)
  list(JOIN console "\n" console)
  message(FATAL_ERROR "${wrong}\n${console}")
endif()
if(NOT dom MATCHES "LOOKED")
  message(FATAL_ERROR "${BROWSER} did not come to the end (${result}):\n${dom}\n${log}")
endif()
message(STATUS "The page fits every width; ${size} bytes")
