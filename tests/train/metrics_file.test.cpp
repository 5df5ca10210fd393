// SPDX-License-Identifier: MIT
#include "kd/train/metrics_file.hpp"

#include <filesystem>
#include <limits>
#include <string>
#include <thread>

#include "kd/distill.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"
#include "support/temporary_folder.hpp"

using namespace kd;

namespace {

EpochReport report_of(Index epoch) {
  return {.epoch = epoch, .epochs = 9, .loss = 0.5, .lr = 1e-3, .seconds = 2};
}

constexpr const char* first_line =
    R"({"epoch":1,"epochs":9,"loss":0.5,"terms":[],"lr":0.001,"seconds":2,"validation":null})"
    "\n";
constexpr const char* second_line =
    R"({"epoch":2,"epochs":9,"loss":0.5,"terms":[],"lr":0.001,"seconds":2,"validation":null})"
    "\n";

}  // namespace

TEST_CASE("a report is one JSON object", "[train][metrics]") {
  EpochReport report = report_of(3);
  report.terms = {{"hard", 0.25, 0.1}, {"soft", 4, 0.9}};
  report.validation = Validation{.loss = 0.75, .accuracy = 0.5};
  CHECK(to_json(report) ==
        R"({"epoch":3,"epochs":9,"loss":0.5,"terms":[{"name":"hard","value":0.25,"weight":0.1},)"
        R"({"name":"soft","value":4,"weight":0.9}],"lr":0.001,"seconds":2,)"
        R"("validation":{"loss":0.75,"accuracy":0.5}})");
  report = {.loss = std::numeric_limits<double>::quiet_NaN(),
            .terms = {{"a \"b\" \\ \n\x1f", std::numeric_limits<double>::infinity(), 1}},
            .lr = -std::numeric_limits<double>::infinity()};
  CHECK(to_json(report) ==
        R"({"epoch":0,"epochs":0,"loss":null,"terms":[{"name":"a \"b\" \\ \u000a\u001f",)"
        R"("value":null,"weight":1}],"lr":null,"seconds":0,"validation":null})");
}

TEST_CASE("every epoch is a line behind those that are there", "[train][metrics]") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path("m.jsonl");
  {
    const MetricsFile metrics(path);
    const MetricsFile copy = metrics;
    metrics(report_of(1));
    copy(report_of(2));
  }
  CHECK(folder.read("m.jsonl") == std::string(first_line) + second_line);
  MetricsFile{path}(report_of(1));
  CHECK(folder.read("m.jsonl") == std::string(first_line) + second_line + first_line);

  // As a callback.
  Network<Sequential<Linear<5, 4>>> network(Rng(1));
  const Dataset data(test::random_matrix<float>(5, 20, 1), test::random_labels(20, 4, 2), 4);
  const std::string trained = folder.path("trained.jsonl");
  const FitReport report = fit(network, data, CrossEntropy{}, Sgd{},
                               {.epochs = 3, .validation = data, .on_epoch = MetricsFile(trained)});
  std::string expected;
  for (const EpochReport& epoch : report.epochs) expected += to_json(epoch) + '\n';
  CHECK(folder.read("trained.jsonl") == expected);
}

TEST_CASE("a line that was broken off is not glued to", "[train][metrics]") {
  const test::TemporaryFolder folder;
  const std::string path = folder.write("m.jsonl", R"({"epoch":1,"ep)");
  const MetricsFile metrics(path);
  metrics(report_of(1));
  metrics(report_of(2));
  CHECK(folder.read("m.jsonl") == R"({"epoch":1,"ep)"
                                  "\n" +
                                      std::string(first_line) + second_line);
}

TEST_CASE("several may share a file of metrics", "[train][metrics]") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path("m.jsonl");
  constexpr int lines = 500;
  const auto write = [&](Index epoch) {
    const MetricsFile metrics(path);
    for (int i = 0; i < lines; ++i) metrics(report_of(epoch));
  };
  std::thread other([&] { write(1); });
  write(2);
  other.join();
  const std::string all = folder.read("m.jsonl");
  int whole = 0;
  for (std::size_t at = 0; at < all.size(); at = all.find('\n', at) + 1) {
    const std::string line = all.substr(at, all.find('\n', at) + 1 - at);
    if (line == first_line || line == second_line) ++whole;
  }
  CHECK(whole == 2 * lines);
}

TEST_CASE("metrics that cannot be written say so", "[train][metrics]") {
  const test::TemporaryFolder folder;
  const std::string missing = folder.path("none") + "/m.jsonl";
  CHECK_THROWS_AS(MetricsFile(missing), IoError);
  CHECK_THROWS_WITH(MetricsFile(missing), StartsWith(missing + ": "));
  CHECK_THROWS_AS(MetricsFile(folder.path()), IoError);
  if (std::filesystem::exists("/dev/full")) {
    const MetricsFile full("/dev/full");
    CHECK_THROWS_AS(full(report_of(1)), IoError);
  }
  const MetricsFile nowhere("/dev/null");  // does not say where it ends
  CHECK_NOTHROW(nowhere(report_of(1)));
}
