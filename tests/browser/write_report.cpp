// SPDX-License-Identifier: MIT
//
// Writes a report with every part there is, and with texts that nobody should take for HTML.
#include <kd/distill.hpp>
#include <kd/report.hpp>

namespace {

using Net = kd::Sequential<kd::Linear<64, 8>, kd::ReLU, kd::Linear<8, 4>>;

constexpr const char* hostile =
    "</title><script>parent.hacked = 1</script>\"'><img src=x onerror=\"parent.hacked = 1\">";

kd::Dataset squares(kd::Index samples, std::uint64_t seed) {
  kd::Rng rng(seed);
  kd::Matrix<float> inputs(64, samples);
  kd::Labels labels(samples);
  for (kd::Index i = 0; i < samples; ++i) {
    labels(i) = static_cast<kd::Label>(rng.below(4));
    for (kd::Index j = 0; j < 64; ++j)
      inputs(j, i) = 0.5F + 0.5F * rng.symmetric(0.5F) + (j / 16 == labels(i) ? 0.25F : 0.F);
  }
  return {std::move(inputs), std::move(labels), 4};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const kd::Dataset train = squares(200, 1);
  const kd::Dataset test = squares(100, 2);
  kd::Network<Net> teacher(kd::Rng(1));
  kd::Network<Net> alone(kd::Rng(2));
  kd::Network<Net> distilled(kd::Rng(2));
  const kd::Adam adam{{.lr = 0.02}};
  const kd::FitOptions options{.epochs = 60, .validation = test};
  const auto taught = kd::fit(teacher, train, kd::CrossEntropy{}, adam, options);
  const auto learned = kd::fit(alone, train.slice(0, 40), kd::CrossEntropy{}, adam, options);
  const auto told =
      kd::Distiller(teacher, distilled, kd::SoftTargets{}).fit(train.slice(0, 40), adam, options);
  const kd::Matrix<float> inputs = test.inputs();

  kd::Report page(hostile);
  page.text(hostile).section(hostile);
  page.add(kd::report::BarChart{.title = hostile,
                                .unit = hostile,
                                .bars = {{hostile, 10, 2, 0}, {"b", 12, 0, 1}, {"c", 8, 1, 2}},
                                .kinds = {hostile, "two", "three"},
                                .reference = 11,
                                .reference_name = hostile});
  page.add(kd::report::BarChart{
      .title = "A name of one word that is longer than there is room",
      .unit = "errors",
      .bars = {{"AnExtraordinarilyLongNameOfAMethodThatNobodyHas", 1e6, 1e3}, {"b", 1.01e6, 2e3}},
      .from_zero = false});
  page.add(kd::report::LineChart{
      .title = "Temperatures",
      .x_label = "T",
      .y_label = hostile,
      .series = {{hostile, {1, 3, 20}, {30, 20, 25}, {3, 2, 1}}, {"none", {}, {}}},
      .logarithmic_x = true,
      .note = hostile});
  page.add(kd::report::LearningCurves{
      {{"teacher", taught}, {hostile, learned}, {"distilled", told}}, "test"});
  page.add(kd::report::Confusion{
      hostile, kd::evaluate(distilled, test).confusion, {hostile, "b", "c", "d"}, hostile});
  page.add(
      kd::report::Confusion{"Many classes", kd::Matrix<kd::Index>::Constant(40, 40, 12345), {}});
  page.add(kd::report::Disagreements{.data = test,
                                     .shape = {1, 8, 8},
                                     .teacher = teacher.predict(inputs),
                                     .first = alone.predict(inputs),
                                     .second = distilled.predict(inputs),
                                     .temperature = 3,
                                     .first_name = hostile});
  page.section("A wide table");
  page.add(kd::report::Table{
      hostile, std::vector<std::string>(30, hostile), {std::vector<std::string>(30, hostile)}});
  page.save(argv[1]);
  return 0;
}
