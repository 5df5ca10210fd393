# SPDX-License-Identifier: MIT
#
# What `cmake --install` puts into the prefix: all headers, the CMake package (kdConfig.cmake) and
# kd.pc. kd has no binaries, so everything is independent of the architecture.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(kd_package_dir "${CMAKE_INSTALL_DATADIR}/cmake/kd")

install(
  TARGETS kd kd_native
  EXPORT kdTargets
  FILE_SET HEADERS
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
# The opt-in headers belong to no exported target: whether their libraries exist is for the machine
# to say that uses kd, so kdConfig.cmake makes kd::xtensor, kd::zlib and kd::blas there.
install(
  DIRECTORY include/kd
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING
  PATTERN "*.hpp"
  PATTERN "*.cuh")
install(
  EXPORT kdTargets
  NAMESPACE kd::
  DESTINATION ${kd_package_dir})

configure_package_config_file(
  cmake/kdConfig.cmake.in "${PROJECT_BINARY_DIR}/kdConfig.cmake"
  INSTALL_DESTINATION ${kd_package_dir})
# While the version is 0.x, a new minor version may change the interface.
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/kdConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion
  ARCH_INDEPENDENT)
install(
  FILES "${PROJECT_BINARY_DIR}/kdConfig.cmake" "${PROJECT_BINARY_DIR}/kdConfigVersion.cmake"
        "${kd_cmake_dir}/find_eigen.cmake"
  DESTINATION ${kd_package_dir})

# CMAKE_INSTALL_INCLUDEDIR may be absolute; kd.pc finds its prefix from where it lies otherwise.
if(IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  set(kd_pc_includedir "${CMAKE_INSTALL_INCLUDEDIR}")
else()
  set(kd_pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
file(RELATIVE_PATH kd_pc_prefix "/${CMAKE_INSTALL_DATADIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" kd_pc_prefix "${kd_pc_prefix}")
configure_file(cmake/kd.pc.in "${PROJECT_BINARY_DIR}/kd.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/kd.pc" DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig")
