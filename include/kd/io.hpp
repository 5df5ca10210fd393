// SPDX-License-Identifier: MIT
#pragma once

/// Networks and data in the field's file formats. Needs nlohmann-json; CMake target `kd::io`.
/// Apart, since they need zlib: kd/io/npz.hpp, kd/io/save_npz.hpp and kd/io/top_k_npz.hpp.
#include "kd/files/byte_reader.hpp"
#include "kd/files/output_file.hpp"
#include "kd/files/read_file.hpp"
#include "kd/files/write_all.hpp"
#include "kd/io/csv.hpp"
#include "kd/io/csv_cells.hpp"
#include "kd/io/load.hpp"
#include "kd/io/load_top_k.hpp"
#include "kd/io/npy.hpp"
#include "kd/io/npy_array.hpp"
#include "kd/io/number_type.hpp"
#include "kd/io/safetensors.hpp"
#include "kd/io/save.hpp"
#include "kd/io/tensor_names.hpp"
#include "kd/io/weights.hpp"
#include "kd/io/zip_directory.hpp"
#include "kd/io/zip_headers.hpp"
