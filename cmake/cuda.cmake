# SPDX-License-Identifier: MIT
#
# kd::cuda is kd on a CUDA device: its headers, the CUDA runtime and cuBLAS. It exists where the
# CUDA toolkit is installed; who links to it enables the language CUDA in their own project.
find_package(CUDAToolkit QUIET)
if(TARGET CUDA::cublas)
  file(GLOB kd_cuda_headers CONFIGURE_DEPENDS include/kd/cuda.hpp include/kd/cuda/*.hpp
       include/kd/cuda/*.cuh include/kd/cuda/ops/*.cuh)
  add_library(kd_cuda INTERFACE)
  add_library(kd::cuda ALIAS kd_cuda)
  target_link_libraries(kd_cuda INTERFACE kd CUDA::cudart CUDA::cublas)
  # Eigen is for the host; without this, nvcc compiles it for the device too, and complains.
  target_compile_definitions(kd_cuda INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:EIGEN_NO_CUDA>)
  if(CMAKE_VERSION VERSION_LESS 3.25.2) # does not know yet that nvcc has C++20
    target_compile_options(kd_cuda INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:-std=c++20>)
  else()
    target_compile_features(kd_cuda INTERFACE cuda_std_20)
  endif()
  target_sources(kd_cuda INTERFACE FILE_SET HEADERS BASE_DIRS include FILES ${kd_cuda_headers})
endif()
