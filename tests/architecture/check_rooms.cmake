# SPDX-License-Identifier: MIT
#
# Reads the #include lines below ROOT/kd and checks which room includes which.
#
#   cmake -DROOT=<include folder> [-DEXPECTED=<file>] -P check_rooms.cmake
#
# With EXPECTED, the complaints have to be exactly the lines of that file.
cmake_minimum_required(VERSION 3.25)

get_filename_component(ROOT "${ROOT}" ABSOLUTE)

# What each room may include, beside itself, version.hpp and what is not kd's.
set(may_include_core "")
set(may_include_files core)
set(may_include_cpu core)
set(may_include_nn core cpu)
set(may_include_loss core cpu)
set(may_include_optim core cpu)
set(may_include_data core cpu files)
set(may_include_train core cpu files nn loss optim data)
set(may_include_teachers core cpu nn loss optim data train)
set(may_include_distill core cpu nn loss optim data train teachers)
set(may_include_methods core cpu nn loss optim data train teachers distill)
set(may_include_schemes core cpu nn loss optim data train teachers distill)
set(may_include_graph core cpu nn)
set(may_include_quant core cpu nn loss data train graph)
set(may_include_export core cpu files nn loss optim data train graph quant)
set(may_include_io core cpu files nn loss optim data train teachers distill)
set(may_include_interop core cpu nn data)
set(may_include_cuda core data nn)
set(may_include_report core cpu files nn loss optim data train)
set(may_include_compiled core cpu nn loss optim data train teachers distill methods)
set(may_include_testing core cpu nn loss optim data train teachers distill)

# The rooms that distill.hpp opens completely, but for the headers that need more than Eigen.
set(umbrella_rooms core cpu files nn loss optim data train teachers distill methods schemes compiled)
set(opt_in_headers kd/data/gzip.hpp kd/train/metrics_file.hpp)

# What no header behind distill.hpp may include: expensive, or not everybody's.
set(banned_from_umbrella
    "^(iostream|regex|filesystem|random|zlib\\.h|(xtensor|xtl|nlohmann|CLI|catch2)/.*)$")

set(complaints "")
macro(complain)
  string(CONCAT complaint ${ARGN})
  list(APPEND complaints "${complaint}")
endmacro()

# Sets <result> to what <header> includes, as the #include lines spell it.
function(read_includes header result)
  file(STRINGS "${ROOT}/${header}" lines REGEX "^[ \t]*#[ \t]*include[ \t]*[<\"]")
  list(TRANSFORM lines REPLACE "^[ \t]*#[ \t]*include[ \t]*[<\"]([^>\"]+).*" "\\1")
  set(${result} ${lines} PARENT_SCOPE)
endfunction()

# Sets <result> to the room of a header kd/<room>/..., or to "" for one directly in kd/.
function(room_of header result)
  set(${result} "" PARENT_SCOPE)
  if(header MATCHES "^kd/([^/]+)/")
    set(${result} ${CMAKE_MATCH_1} PARENT_SCOPE)
  endif()
endfunction()

file(GLOB_RECURSE headers RELATIVE "${ROOT}" "${ROOT}/kd/*.hpp" "${ROOT}/kd/*.cuh")
if(NOT headers)
  message(FATAL_ERROR "There are no headers in ${ROOT}/kd.")
endif()

foreach(header IN LISTS headers)
  room_of(${header} room)
  if(NOT room)
    continue() # distill.hpp, version.hpp and cuda.hpp stand above the rooms
  endif()
  if(NOT DEFINED may_include_${room})
    complain("${header}: '${room}' is no room that check_rooms.cmake knows")
    continue()
  endif()
  read_includes(${header} includes)
  foreach(include IN LISTS includes)
    if(NOT include MATCHES "^kd/" OR include STREQUAL "kd/version.hpp")
      continue()
    endif()
    room_of(${include} included_room)
    if(NOT included_room)
      complain("${header}: includes ${include}, which is for users")
    elseif(NOT included_room STREQUAL room AND NOT included_room IN_LIST may_include_${room})
      complain("${header}: '${room}' may not include '${included_room}' (${include})")
    endif()
    if(NOT EXISTS "${ROOT}/${include}")
      complain("${header}: includes ${include}, which does not exist")
    endif()
  endforeach()
endforeach()

# Everything that distill.hpp reaches inside kd.
set(reached "")
set(waiting kd/distill.hpp)
while(waiting)
  list(POP_FRONT waiting header)
  if(header IN_LIST reached OR NOT EXISTS "${ROOT}/${header}")
    continue()
  endif()
  list(APPEND reached ${header})
  if(header IN_LIST opt_in_headers)
    complain("${header}: is opt-in, but distill.hpp reaches it")
  endif()
  read_includes(${header} includes)
  foreach(include IN LISTS includes)
    if(include MATCHES "^kd/")
      list(APPEND waiting ${include})
    elseif(include MATCHES "${banned_from_umbrella}")
      complain("${header}: distill.hpp reaches it, so it may not include <${include}>")
    endif()
  endforeach()
  room_of(${header} room)
  if(room AND NOT room IN_LIST umbrella_rooms)
    complain("${header}: is opt-in, but distill.hpp reaches it")
  endif()
endwhile()

read_includes(kd/distill.hpp umbrella)
foreach(header IN LISTS headers)
  room_of(${header} room)
  if(room IN_LIST umbrella_rooms
     AND NOT header IN_LIST opt_in_headers
     AND NOT header IN_LIST umbrella)
    complain("${header}: is missing in distill.hpp")
  endif()
endforeach()

set(verdict "The rooms are mixed up")
include("${CMAKE_CURRENT_LIST_DIR}/report_complaints.cmake")
