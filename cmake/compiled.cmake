# SPDX-License-Identifier: MIT
#
# The component `compiled`: a library of what every program that includes kd/distill.hpp would else
# compile for itself. With KD_NATIVE it is for the processor at hand, and who links it is, too.
# Defines kd::compiled; an installation has it from the file that cmake/install.cmake writes.
function(kd_add_compiled)
  add_library(kd_compiled_library STATIC EXCLUDE_FROM_ALL)
  foreach(source functions layers losses training)
    target_sources(kd_compiled_library PRIVATE "${PROJECT_SOURCE_DIR}/src/${source}.cpp")
  endforeach()
  target_compile_definitions(kd_compiled_library PUBLIC KD_COMPILED)
  target_link_libraries(kd_compiled_library PUBLIC kd::kd)
  if(KD_NATIVE)
    target_link_libraries(kd_compiled_library PUBLIC kd::native)
  endif()
  # CMake refuses a target whose libraries differ in a property of this kind.
  set(native OFF)
  if(KD_NATIVE)
    set(native ON)
  endif()
  set_target_properties(
    kd_compiled_library
    PROPERTIES OUTPUT_NAME kd_compiled
               EXPORT_NAME compiled
               POSITION_INDEPENDENT_CODE ON
               COMPATIBLE_INTERFACE_BOOL KD_NATIVE
               INTERFACE_KD_NATIVE ${native})
  add_library(kd::compiled INTERFACE IMPORTED GLOBAL)
  target_link_libraries(kd::compiled INTERFACE kd_compiled_library)
endfunction()
