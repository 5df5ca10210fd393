# SPDX-License-Identifier: MIT
#
# Finds Eigen 3.4 or 5. One range cannot say so: Eigen went from 3.4 to 5.0, its package accepts
# only a request of its own major version, and Debian's 3.4.0 refuses every range. Used by kd's
# CMakeLists.txt and, installed beside it, by kdConfig.cmake.
if(NOT TARGET Eigen3::Eigen)
  find_package(Eigen3 3.4 CONFIG QUIET)
  if(NOT Eigen3_FOUND)
    find_package(Eigen3 5 CONFIG QUIET)
  endif()
endif()
