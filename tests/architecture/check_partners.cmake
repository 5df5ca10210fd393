# SPDX-License-Identifier: MIT
#
# Every op of the CPU has its partner on the GPU, in a file of the same name:
#
#   cmake -DROOT=<include folder> [-DEXPECTED=<file>] -P check_partners.cmake
#
# Compares the functions op_... that ROOT/kd/cpu/ops/<name>.hpp and ROOT/kd/cuda/ops/<name>.cuh
# define. With EXPECTED, the complaints have to be exactly the lines of that file.
cmake_minimum_required(VERSION 3.25)

# What one space needs and the other has no use for.
set(cuda_alone
    op_linear_relu_forward # one pass less over device memory; on the CPU both are in cache
    op_linear_relu_backward)
set(cpu_alone
    op_conv2d_relu_forward) # by the core that has the maps in its cache

set(complaints "")
foreach(space cpu cuda)
  if(space STREQUAL "cpu")
    set(ending hpp)
  else()
    set(ending cuh)
  endif()
  file(GLOB files "${ROOT}/kd/${space}/ops/*.${ending}")
  set(names_${space} "")
  foreach(file IN LISTS files)
    get_filename_component(name "${file}" NAME_WE)
    list(APPEND names_${space} ${name})
    file(STRINGS "${file}" ops REGEX "^(inline )?void op_[a-z0-9_]+\\(")
    list(TRANSFORM ops REPLACE "^(inline )?void (op_[a-z0-9_]+).*" "\\2")
    list(REMOVE_DUPLICATES ops)
    set(ops_${space}_${name} ${ops})
  endforeach()
endforeach()
if(NOT names_cpu)
  message(FATAL_ERROR "There are no ops in ${ROOT}/kd/cpu/ops.")
endif()

set(names ${names_cpu} ${names_cuda})
list(REMOVE_DUPLICATES names)
foreach(name IN LISTS names)
  foreach(op IN LISTS ops_cpu_${name})
    if(NOT op IN_LIST ops_cuda_${name} AND NOT op IN_LIST cpu_alone)
      list(APPEND complaints "${op}: is in cpu/ops/${name}.hpp, but not in cuda/ops/${name}.cuh")
    endif()
  endforeach()
  foreach(op IN LISTS ops_cuda_${name})
    if(NOT op IN_LIST ops_cpu_${name} AND NOT op IN_LIST cuda_alone)
      list(APPEND complaints "${op}: is in cuda/ops/${name}.cuh, but not in cpu/ops/${name}.hpp")
    endif()
  endforeach()
  if(name IN_LIST names_cpu AND NOT ops_cpu_${name})
    list(APPEND complaints "cpu/ops/${name}.hpp: defines no op")
  endif()
endforeach()

set(verdict "These ops have no partner")
include("${CMAKE_CURRENT_LIST_DIR}/report_complaints.cmake")
