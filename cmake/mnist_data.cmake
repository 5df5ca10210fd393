# SPDX-License-Identifier: MIT
#
# Downloads MNIST into MNIST_DIR, all four files or none, and writes what came of it to
# MNIST_REPORT. It never fails: the example programs have a sample of their own.
#
#   cmake -DMNIST_DIR=<folder> -DMNIST_REPORT=<file> -P mnist_data.cmake
#
# The hashes are those of the files as first published by LeCun, Cortes and Burges, which the
# mirrors carry unchanged. The smallest file comes first: a mirror out of reach costs one try.
cmake_minimum_required(VERSION 3.25)

set(mirrors https://ossci-datasets.s3.amazonaws.com/mnist
            https://storage.googleapis.com/cvdf-datasets/mnist)
set(files t10k-labels-idx1-ubyte.gz train-labels-idx1-ubyte.gz t10k-images-idx3-ubyte.gz
          train-images-idx3-ubyte.gz)
set(sha256_t10k-labels-idx1-ubyte.gz
    f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6)
set(sha256_train-labels-idx1-ubyte.gz
    3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c)
set(sha256_t10k-images-idx3-ubyte.gz
    8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6)
set(sha256_train-images-idx3-ubyte.gz
    440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609)

# Sets <complete> to whether <folder> holds all four files, unchanged.
function(check_folder folder complete)
  set(${complete} TRUE PARENT_SCOPE)
  foreach(file IN LISTS files)
    set(hash "")
    if(EXISTS "${folder}/${file}")
      file(SHA256 "${folder}/${file}" hash)
    endif()
    if(NOT hash STREQUAL sha256_${file})
      set(${complete} FALSE PARENT_SCOPE)
    endif()
  endforeach()
endfunction()

function(report text)
  message(STATUS "${text}")
  file(WRITE "${MNIST_REPORT}" "${text}\n")
endfunction()

check_folder("${MNIST_DIR}" complete)
if(complete)
  report("MNIST is complete in ${MNIST_DIR}")
  return()
endif()

set(partial "${MNIST_DIR}.part")
foreach(mirror IN LISTS mirrors)
  message(STATUS "Downloading MNIST from ${mirror}")
  file(REMOVE_RECURSE "${partial}")
  set(seconds 15) # for the first file, which is small
  foreach(file IN LISTS files)
    file(
      DOWNLOAD "${mirror}/${file}" "${partial}/${file}"
      TIMEOUT ${seconds}
      INACTIVITY_TIMEOUT 8
      STATUS status
      TLS_VERIFY ON)
    list(GET status 0 code)
    if(NOT code EQUAL 0)
      list(GET status 1 reason)
      message(STATUS "  ${file}: ${reason}")
      break()
    endif()
    set(seconds 300)
  endforeach()
  check_folder("${partial}" complete)
  if(complete)
    file(REMOVE_RECURSE "${MNIST_DIR}")
    file(RENAME "${partial}" "${MNIST_DIR}")
    report("MNIST: 60,000 training and 10,000 test images in ${MNIST_DIR}")
    return()
  endif()
  if(code EQUAL 0)
    message(STATUS "  what came is not MNIST as it was published (SHA-256 differs); not used")
  endif()
endforeach()
file(REMOVE_RECURSE "${partial}")
string(
  CONCAT text "MNIST could not be downloaded; the programs use the sample in the repository. "
         "To try again, delete ${MNIST_REPORT} and build.")
report("${text}")
