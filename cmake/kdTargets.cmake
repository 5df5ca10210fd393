# SPDX-License-Identifier: MIT
#
# How kd's targets are made: by kd's CMakeLists.txt from the sources, and by kdConfig.cmake, beside
# which this file is installed, from an installation. All are imported targets: they take no plain
# name from the project that uses kd, and what that project exports may link to them.

set(kd_targets_dir "${CMAKE_CURRENT_LIST_DIR}")

# kd's components: the package that each stands on, the package's target, and its name in Debian.
set(kd_components native compiled xtensor zlib io blas cuda cudnn)
set(kd_package_xtensor xtensor)
set(kd_package_zlib ZLIB)
set(kd_package_io nlohmann_json)
set(kd_package_blas BLAS)
set(kd_package_cuda CUDAToolkit)
set(kd_target_Eigen3 Eigen3::Eigen)
set(kd_target_xtensor xtensor)
set(kd_target_ZLIB ZLIB::ZLIB)
set(kd_target_nlohmann_json nlohmann_json::nlohmann_json)
set(kd_target_BLAS BLAS::BLAS)
set(kd_target_CUDAToolkit CUDA::cublas)
set(kd_debian_Eigen3 libeigen3-dev)
set(kd_debian_xtensor libxtensor-dev)
set(kd_debian_ZLIB zlib1g-dev)
set(kd_debian_nlohmann_json nlohmann-json3-dev)
set(kd_debian_BLAS libopenblas-dev)
set(kd_debian_CUDAToolkit nvidia-cuda-toolkit)

# kd_find_eigen(<problem>): the target Eigen3::Eigen, or why there is none that kd can use. Eigen is
# searched without a version: its package accepts only a request of its own major version, 3 or 5,
# and a search for the one would pass by the other where the user points at it.
macro(kd_find_eigen problem)
  set(${problem} "")
  if(NOT TARGET Eigen3::Eigen)
    find_package(Eigen3 CONFIG QUIET)
  endif()
  if(NOT TARGET Eigen3::Eigen)
    set(${problem} "kd needs Eigen 3.4 or newer (Debian: ${kd_debian_Eigen3})")
  elseif(Eigen3_VERSION AND Eigen3_VERSION VERSION_LESS 3.4)
    string(CONCAT ${problem} "kd needs Eigen 3.4 or newer, and CMake found Eigen ${Eigen3_VERSION} in "
                             "${Eigen3_DIR} (Eigen3_DIR or CMAKE_PREFIX_PATH choose another)")
  endif()
endmacro()

# kd_add_targets(<version> <include folder> <problem>): kd::kd, which is headers, Eigen and threads
# and carries no compiler flags, and kd::native. Where the project has a kd already, that one stays.
function(kd_add_targets version include_dir problem)
  set(${problem} "" PARENT_SCOPE)
  if(TARGET kd::kd)
    get_target_property(other kd::kd KD_VERSION)
    if(NOT other STREQUAL version)
      get_target_property(other_dir kd::kd INTERFACE_INCLUDE_DIRECTORIES)
      set(${problem} "this project has kd ${other} already, from ${other_dir}; kd ${version} in \
${include_dir} cannot stand beside it"
          PARENT_SCOPE)
    endif()
    return()
  endif()
  add_library(kd::kd INTERFACE IMPORTED ${kd_target_scope})
  set_target_properties(kd::kd PROPERTIES KD_VERSION "${version}")
  target_include_directories(kd::kd INTERFACE "${include_dir}")
  target_compile_features(kd::kd INTERFACE cxx_std_20)
  target_link_libraries(kd::kd INTERFACE Eigen3::Eigen Threads::Threads)

  # Compiles for the processor at hand. Everything that shares Eigen matrices with such code must be
  # compiled with it too: it changes their alignment.
  add_library(kd::native INTERFACE IMPORTED ${kd_target_scope})
  target_compile_options(
    kd::native INTERFACE $<$<COMPILE_LANG_AND_ID:CXX,GNU,Clang,AppleClang>:-march=native>)
  # What is linked beside a library that was compiled for other processors is refused by CMake.
  set_target_properties(kd::native PROPERTIES COMPATIBLE_INTERFACE_BOOL KD_NATIVE
                                              INTERFACE_KD_NATIVE ON)
endfunction()

# kd_add_component(<name> <problem>): kd::<name>, or why it cannot be.
function(kd_add_component name problem)
  set(${problem} "" PARENT_SCOPE)
  if(NOT name IN_LIST kd_components)
    list(JOIN kd_components ", " known)
    set(${problem} "kd has no component ${name}; it has ${known}" PARENT_SCOPE)
    return()
  elseif(TARGET kd::${name})
    return()
  elseif(name STREQUAL "cudnn")
    kd_add_cudnn(why)
    set(${problem} "${why}" PARENT_SCOPE)
    return()
  elseif(name STREQUAL "compiled")
    if(COMMAND kd_add_compiled) # from the sources
      kd_add_compiled()
    elseif(EXISTS "${kd_targets_dir}/kdCompiled.cmake")
      include("${kd_targets_dir}/kdCompiled.cmake")
    else()
      set(${problem} "this kd was installed without its component compiled: configure it with \
-DKD_COMPONENTS=compiled" PARENT_SCOPE)
    endif()
    return()
  endif()
  set(package ${kd_package_${name}})
  if(NOT TARGET ${kd_target_${package}})
    find_package(${package} QUIET)
  endif()
  if(NOT TARGET ${kd_target_${package}})
    set(text "kd's component ${name} needs the package ${package} (Debian: ${kd_debian_${package}})")
    if(${package}_NOT_FOUND_MESSAGE)
      string(APPEND text ": ${${package}_NOT_FOUND_MESSAGE}")
    endif()
    set(${problem} "${text}" PARENT_SCOPE)
    return()
  endif()

  add_library(kd::${name} INTERFACE IMPORTED ${kd_target_scope})
  target_link_libraries(kd::${name} INTERFACE kd::kd ${kd_target_${package}})
  if(name STREQUAL "blas") # Eigen hands its large matrix products to it
    target_compile_definitions(kd::blas INTERFACE EIGEN_USE_BLAS)
  elseif(name STREQUAL "cuda")
    target_link_libraries(kd::cuda INTERFACE CUDA::cudart)
    # Eigen is for the host; without this, nvcc compiles it for the device too, and complains.
    target_compile_definitions(kd::cuda INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:EIGEN_NO_CUDA>)
    if(CMAKE_VERSION VERSION_LESS 3.25.2) # does not know yet that nvcc has C++20
      target_compile_options(kd::cuda INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:-std=c++20>)
    else()
      target_compile_features(kd::cuda INTERFACE cuda_std_20)
    endif()
  endif()
endfunction()

# kd_add_cudnn(<problem>): kd::cudnn, which is kd::cuda and NVIDIA's cuDNN. That is no CMake package; it
# lies in the system's folders, beside the CUDA toolkit or where CUDNN_ROOT says.
function(kd_add_cudnn problem)
  set(${problem} "" PARENT_SCOPE)
  kd_add_component(cuda why)
  if(why)
    string(REPLACE "component cuda " "component cudnn " why "${why}")
    set(${problem} "${why}" PARENT_SCOPE)
    return()
  endif()
  if(NOT CMAKE_DISABLE_FIND_PACKAGE_CUDNN) # as for what is a package
    find_package(CUDAToolkit QUIET)
    find_path(kd_cudnn_include cudnn.h HINTS "${CUDNN_ROOT}" ENV CUDNN_ROOT
              ${CUDAToolkit_INCLUDE_DIRS} PATH_SUFFIXES include)
    find_library(kd_cudnn_library cudnn HINTS "${CUDNN_ROOT}" ENV CUDNN_ROOT
                 ${CUDAToolkit_LIBRARY_DIR} PATH_SUFFIXES lib64 lib)
    mark_as_advanced(kd_cudnn_include kd_cudnn_library)
  endif()
  if(NOT kd_cudnn_include OR NOT kd_cudnn_library)
    set(${problem}
        "kd's component cudnn needs NVIDIA's cuDNN (Debian: nvidia-cudnn), and CMake found no cudnn.h \
or no library cudnn (CUDNN_ROOT says where they are)"
        PARENT_SCOPE)
    return()
  endif()
  add_library(kd::cudnn INTERFACE IMPORTED ${kd_target_scope})
  target_include_directories(kd::cudnn SYSTEM INTERFACE "${kd_cudnn_include}")
  target_link_libraries(kd::cudnn INTERFACE kd::cuda "${kd_cudnn_library}")
endfunction()

# kd_add_components(<problems> <name>...): kd_add_component for each; all problems, one a line.
function(kd_add_components problems)
  set(all "")
  foreach(name IN LISTS ARGN)
    kd_add_component(${name} problem)
    if(problem)
      string(APPEND all "\n  ${problem}")
    endif()
  endforeach()
  set(${problems} "${all}" PARENT_SCOPE)
endfunction()
