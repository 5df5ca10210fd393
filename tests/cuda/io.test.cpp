// SPDX-License-Identifier: MIT
//
// Weights that lie on a device go through the host to files and come back.
#include "kd/io.hpp"

#include "kd/cuda.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace {

using Net = kd::Sequential<kd::Linear<4, 3>, kd::ReLU, kd::Linear<3, 2>>;

}  // namespace

TEST_CASE("CUDA: networks come from files and go there", "[cuda][io]") {
  const kd::test::TemporaryFolder folder;
  const kd::Network<Net> host(kd::Rng(1));
  kd::save(host, folder.path("host.safetensors"));
  kd::Network<Net, kd::cuda::Space> device(kd::Rng(2));
  kd::load(device, folder.path("host.safetensors"));
  kd::save(device, folder.path("device.safetensors"));
  CHECK(folder.read("device.safetensors") == folder.read("host.safetensors"));

  kd::Network<Net> broken = host;
  kd::map(broken.params())(20) = std::nanf("");
  kd::save(broken, folder.path("broken.safetensors"));
  CHECK_THROWS_AS(kd::load(device, folder.path("broken.safetensors")), kd::DataError);
  kd::save(device, folder.path("device.safetensors"));
  CHECK(folder.read("device.safetensors") == folder.read("host.safetensors"));
}
