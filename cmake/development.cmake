# SPDX-License-Identifier: MIT
#
# How kd's own tests, examples and benchmarks are compiled. None of it reaches who uses kd.

add_library(kd_dev_warnings INTERFACE)
target_compile_options(
  kd_dev_warnings
  INTERFACE $<$<CXX_COMPILER_ID:GNU,Clang,AppleClang>:-Wall;-Wextra;-Wpedantic;-Wconversion;-Wshadow>
            $<$<AND:$<BOOL:${KD_WERROR}>,$<CXX_COMPILER_ID:GNU,Clang,AppleClang>>:-Werror>)

# g++ 12 takes "text" + std::string for a copy onto itself where it sees enough of it (GCC's bug 105651).
target_compile_options(
  kd_dev_warnings
  INTERFACE
    $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>)

if(KD_SANITIZE)
  target_compile_options(
    kd_dev_warnings INTERFACE -fsanitize=${KD_SANITIZE} -fno-sanitize-recover=all
                              -fno-omit-frame-pointer)
  target_link_options(kd_dev_warnings INTERFACE -fsanitize=${KD_SANITIZE})
  # Behind the sanitizers' checks g++ no longer sees what is initialised, std::regex for one.
  target_compile_options(
    kd_dev_warnings INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
endif()

# kd::native for code with these warnings: g++ 12 warns of its own AVX-512 intrinsics.
add_library(kd_dev_native INTERFACE)
target_link_libraries(kd_dev_native INTERFACE kd::native)
target_compile_options(
  kd_dev_native
  INTERFACE
    $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-uninitialized;-Wno-maybe-uninitialized>)
