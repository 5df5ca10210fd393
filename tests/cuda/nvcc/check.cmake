# SPDX-License-Identifier: MIT
#
# Compiles and links all of kd::cuda with nvcc, and lists what each kernel uses:
#
#   cmake -DSOURCE=<kd> -DEIGEN=<include folder> -DWORK=<folder> [-DARCHITECTURES=75,90] -P check.cmake
#
# WORK/kernels.txt has a line for each kernel and architecture. A warning, a register that is spilt
# or a kernel with a stack fails. Without nvcc there is nothing to do, and it says so.
cmake_minimum_required(VERSION 3.25)

find_program(nvcc nvcc HINTS "$ENV{CUDA_PATH}/bin" /usr/local/cuda/bin)
if(NOT nvcc)
  message("SKIPPED: nvcc is not installed, so nothing of kd::cuda was compiled for a device")
  return()
endif()
get_filename_component(here "${CMAKE_CURRENT_LIST_FILE}" DIRECTORY)
file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}")

# 75, 80, 90 and the newest that this nvcc knows.
execute_process(COMMAND "${nvcc}" --list-gpu-arch OUTPUT_VARIABLE known)
string(REGEX MATCHALL "[0-9]+" known "${known}")
list(SORT known COMPARE NATURAL)
list(GET known -1 newest)
set(wanted 75 80 90 ${newest})
if(ARCHITECTURES)
  string(REPLACE "," ";" wanted "${ARCHITECTURES}")
endif()
list(REMOVE_DUPLICATES wanted)
set(codes "")
foreach(arch IN LISTS wanted)
  if(arch IN_LIST known)
    list(APPEND codes -gencode "arch=compute_${arch},code=sm_${arch}")
  else()
    message("This nvcc does not know architecture ${arch}")
  endif()
endforeach()

# As a header in a user's file.
execute_process(
  COMMAND "${nvcc}" -std=c++20 -O2 ${codes} -Werror all-warnings -Xcompiler -Wall,-Wextra,-Werror
          -Xptxas -v "-I${SOURCE}/include" -isystem "${EIGEN}" "${here}/user_of_cuda.cu" -lcublas -o
          "${WORK}/user"
  RESULT_VARIABLE failed
  OUTPUT_VARIABLE said
  ERROR_VARIABLE said)
file(WRITE "${WORK}/nvcc.txt" "${said}")
if(failed)
  message(FATAL_ERROR "${said}")
endif()

# ptxas tells for each kernel: "Compiling entry function 'name' for 'sm_90'", its stack and spills,
# and its registers.
find_program(filt NAMES c++filt cu++filt)
string(REPLACE ";" "," said "${said}")
string(REGEX MATCHALL
       "Compiling entry function '[^']+' for '[^']+'[^\n]*\n[^\n]*\n[^\n]*\n[^\n]*registers[^\n]*"
       kernels "${said}")
set(report "")
set(bad "")
foreach(kernel IN LISTS kernels)
  string(REGEX MATCH "function '([^']+)' for '([^']+)'" ignored "${kernel}")
  set(name "${CMAKE_MATCH_1}")
  set(arch "${CMAKE_MATCH_2}")
  string(REGEX MATCH "([0-9]+) bytes stack frame, ([0-9]+) bytes spill stores" ignored "${kernel}")
  set(stack "${CMAKE_MATCH_1}")
  set(spills "${CMAKE_MATCH_2}")
  string(REGEX MATCH "Used ([0-9]+) registers" ignored "${kernel}")
  set(registers "${CMAKE_MATCH_1}")
  if(NOT DEFINED demangled_${name})
    set(demangled_${name} "${name}")
    if(filt)
      execute_process(COMMAND "${filt}" "${name}" OUTPUT_VARIABLE demangled_${name}
                      OUTPUT_STRIP_TRAILING_WHITESPACE)
      string(REPLACE "kd::cuda::detail::" "" demangled_${name} "${demangled_${name}}")
    endif()
  endif()
  set(line "${arch} registers ${registers} spills ${spills} stack ${stack}: ${demangled_${name}}")
  string(APPEND report "${line}\n")
  if(NOT spills EQUAL 0 OR NOT stack EQUAL 0)
    string(APPEND bad "${line}\n")
  endif()
endforeach()
file(WRITE "${WORK}/kernels.txt" "${report}")
list(LENGTH kernels count)
if(count EQUAL 0)
  message(FATAL_ERROR "No kernel was found in what ptxas said (${WORK}/nvcc.txt)")
endif()
if(bad)
  message(FATAL_ERROR "These kernels spill registers or have a stack:\n${bad}")
endif()

# Through CMake; with cuDNN where it is installed.
get_filename_component(toolkit "${nvcc}" REALPATH)
get_filename_component(toolkit "${toolkit}/../.." ABSOLUTE)
find_path(cudnn cudnn.h HINTS "${toolkit}" PATH_SUFFIXES include)
set(with_cudnn ON)
if(NOT cudnn)
  set(with_cudnn OFF)
  message("cuDNN is not installed, so nothing that uses it was compiled")
endif()
execute_process(
  COMMAND "${CMAKE_COMMAND}" -S "${here}" -B "${WORK}/cmake" "-DKD_SOURCE_DIR=${SOURCE}"
          "-DCMAKE_CUDA_COMPILER=${nvcc}" "-DCMAKE_CUDA_ARCHITECTURES=${newest}"
          "-DWITH_CUDNN=${with_cudnn}"
  RESULT_VARIABLE failed
  OUTPUT_VARIABLE said
  ERROR_VARIABLE said)
if(NOT failed)
  execute_process(COMMAND "${CMAKE_COMMAND}" --build "${WORK}/cmake" --target users
                  RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
endif()
if(failed)
  message(FATAL_ERROR "${said}")
endif()
list(JOIN wanted ", " wanted)
message("${count} kernels compiled for ${wanted}: no spills, no stacks. See ${WORK}/kernels.txt")
