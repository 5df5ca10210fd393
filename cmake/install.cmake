# SPDX-License-Identifier: MIT
#
# What `cmake --install` puts into the prefix: all headers, the CMake package (kdConfig.cmake),
# kd.pc and the licence. Without the component `compiled` kd has no binaries, and everything is
# independent of the architecture.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

install(
  DIRECTORY include/kd
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING
  PATTERN "*.hpp"
  PATTERN "*.cuh")
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DATADIR}/licenses/kd")

set(kd_package_dir "${CMAKE_INSTALL_DATADIR}/cmake/kd")
configure_package_config_file(
  cmake/kdConfig.cmake.in "${PROJECT_BINARY_DIR}/kdConfig.cmake"
  INSTALL_DESTINATION ${kd_package_dir}
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR
  NO_CHECK_REQUIRED_COMPONENTS_MACRO)
set(kd_architecture ARCH_INDEPENDENT)
if(TARGET kd_compiled_library)
  set(kd_architecture "")
  set_target_properties(kd_compiled_library PROPERTIES EXCLUDE_FROM_ALL OFF)
  install(TARGETS kd_compiled_library EXPORT kdCompiled)
  install(
    EXPORT kdCompiled
    NAMESPACE kd::
    DESTINATION ${kd_package_dir})
endif()
# While the version is 0.x, a new minor version may change the interface.
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/kdConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion
  ${kd_architecture})
install(
  FILES "${PROJECT_BINARY_DIR}/kdConfig.cmake" "${PROJECT_BINARY_DIR}/kdConfigVersion.cmake"
        "${kd_cmake_dir}/kdTargets.cmake"
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

if(PROJECT_IS_TOP_LEVEL)
  add_custom_target(
    uninstall
    COMMAND "${CMAKE_COMMAND}" "-DMANIFEST=${PROJECT_BINARY_DIR}/install_manifest.txt" -P
            "${kd_cmake_dir}/uninstall.cmake"
    VERBATIM)
endif()
