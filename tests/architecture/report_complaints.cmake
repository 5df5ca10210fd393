# SPDX-License-Identifier: MIT
#
# Ends a check: fails with its `verdict` where there are `complaints`; with EXPECTED, unless they are
# exactly the lines of that file.
if(DEFINED EXPECTED)
  file(STRINGS "${EXPECTED}" expected)
  list(SORT expected)
  list(SORT complaints)
  if(NOT complaints STREQUAL expected)
    list(JOIN complaints "\n  " complaints)
    list(JOIN expected "\n  " expected)
    message(FATAL_ERROR "The complaints are:\n  ${complaints}\nExpected were:\n  ${expected}")
  endif()
elseif(complaints)
  list(JOIN complaints "\n  " complaints)
  message(FATAL_ERROR "${verdict}:\n  ${complaints}")
endif()
