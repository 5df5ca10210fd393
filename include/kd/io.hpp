// SPDX-License-Identifier: MIT
#pragma once

/// Networks and data in the field's file formats. Needs nlohmann-json; CMake target `kd::io`.
/// Apart: kd/io/npz.hpp and kd/io/save_npz.hpp, which need zlib.
#include "kd/files/byte_reader.hpp"
#include "kd/files/output_file.hpp"
#include "kd/files/read_file.hpp"
#include "kd/files/write_all.hpp"
#include "kd/io/csv.hpp"
#include "kd/io/csv_cells.hpp"
#include "kd/io/load.hpp"
#include "kd/io/npy.hpp"
#include "kd/io/npy_array.hpp"
#include "kd/io/number_type.hpp"
#include "kd/io/safetensors.hpp"
#include "kd/io/save.hpp"
#include "kd/io/tensor_names.hpp"
#include "kd/io/weights.hpp"
#include "kd/io/zip_directory.hpp"
#include "kd/io/zip_headers.hpp"
