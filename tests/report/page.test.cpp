// SPDX-License-Identifier: MIT
#include <cmath>
#include <string>

#include "kd/report.hpp"
#include "support/catch.hpp"
#include "support/random_matrix.hpp"
#include "support/temporary_folder.hpp"

using namespace kd;

namespace {

FitReport some_training(bool validated, bool in_terms) {
  FitReport report;
  for (Index epoch = 1; epoch <= 3; ++epoch) {
    EpochReport each{.epoch = epoch, .epochs = 3, .loss = 1. / static_cast<double>(epoch)};
    if (validated) each.validation = Validation{0.5, 0.9};
    each.terms = {{"hard", 0.25, 0.1}};
    if (in_terms) each.terms.push_back({"soft", 2, 0.9});
    report.epochs.push_back(each);
  }
  return report;
}

}  // namespace

TEST_CASE("a page is one file of all that was added", "[report][page]") {
  const test::TemporaryFolder folder;
  Report page("Digits & more");
  page.text("A <b>student</b>.").section("Errors");
  page.add(report::Table{"Errors", {"network", "errors"}, {{"teacher", "83"}}});
  page.save(folder.path("report.html"));
  const std::string html = folder.read("report.html");
  CHECK(html == page.html());
  CHECK_THAT(html, StartsWith("<!DOCTYPE html>") && EndsWith("</html>\n") &&
                       ContainsSubstring("<title>Digits &amp; more</title>") &&
                       ContainsSubstring("<p>A &lt;b&gt;student&lt;/b&gt;.</p>") &&
                       ContainsSubstring("<h2>Errors</h2>") &&
                       ContainsSubstring("<th scope=\"row\">teacher</th><td>83</td>"));
  for (const char* outside : {"http:", "https:", "<script", "@import", "url("})
    CHECK(html.find(outside) == std::string::npos);
  CHECK_THROWS_AS(page.save(folder.path("none/report.html")), IoError);
}

TEST_CASE("learning curves are what the reports say", "[report][learning_curves]") {
  const report::LearningCurves curves{{{"alone", some_training(true, false)},
                                       {"distilled", some_training(true, true)},
                                       {"teacher", some_training(false, false)}}};
  const report::LineChart errors = curves.error_chart();
  REQUIRE(errors.series.size() == 2);
  CHECK(errors.series[1].name == "distilled");
  CHECK(errors.series[1].y[2] == Approx(10));
  const auto names = [&](std::size_t run) {
    std::vector<std::string> all;
    for (const report::Series& series : curves.loss_chart(curves.runs[run]).series)
      all.push_back(series.name);
    return all;
  };
  CHECK(names(0) == std::vector<std::string>{"training", "validation"});
  CHECK(names(1) == std::vector<std::string>{"training", "hard", "soft", "validation"});
  CHECK(names(2) == std::vector<std::string>{"training"});
  CHECK(curves.loss_chart(curves.runs[1]).series[2].y == std::vector<double>{2, 2, 2});
  CHECK(curves.loss_chart(curves.runs[1]).series[0].y[1] == 0.5);
  CHECK_THAT(curves.html(), ContainsSubstring("Loss of distilled"));
}

TEST_CASE("samples on which two students disagree, with the teacher's soft targets",
          "[report][disagreements]") {
  Labels labels(4);
  labels << 0, 1, 2, 1;
  const Dataset data(Matrix<float>(test::random_matrix<float>(6, 4, 1).cwiseAbs()), labels, 3);
  const auto says = [](std::initializer_list<Index> classes) {
    Matrix<float> logits = Matrix<float>::Zero(3, 4);
    Index sample = 0;
    for (const Index c : classes) logits(c, sample++) = 5;
    return logits;
  };
  Matrix<float> teacher = says({0, 1, 2, 1});
  teacher(1, 2) = 3;
  report::Disagreements part{.data = data,
                             .shape = {1, 2, 3},
                             .teacher = teacher,
                             .first = says({1, 1, 0, 1}),
                             .second = says({2, 1, 2, 1}),
                             .temperature = 2};
  const std::string html = part.html();
  // Samples 0 and 2 are told apart; the second is right on the latter, which comes first.
  const auto second = html.find("test image 2");
  const auto zeroth = html.find("test image 0");
  REQUIRE(second != std::string::npos);
  REQUIRE(zeroth != std::string::npos);
  CHECK(second < zeroth);
  CHECK(html.find("test image 1") == std::string::npos);
  CHECK_THAT(html, ContainsSubstring("alone: 0, distilled: 2"));
  const double sum = 1 + std::exp(3.) + std::exp(5.);
  const double soft_sum = 1 + std::exp(1.5) + std::exp(2.5);
  CHECK_THAT(html, ContainsSubstring("<th scope=\"row\">2</th><td>" +
                                     report::fixed(std::exp(5.) / sum, 4) + "</td><td>" +
                                     report::fixed(std::exp(2.5) / soft_sum, 4) + "</td>"));
  part.most = 1;
  CHECK(part.html().find("test image 0") == std::string::npos);
  part.second = part.first;
  CHECK_THAT(part.html(), ContainsSubstring("The two say the same of every sample."));

  part.first = Matrix<float>::Zero(3, 5);
  CHECK_THROWS_WITH(part.html(),
                    "report::Disagreements: expected 4 columns of logits, one for each sample, "
                    "got 5");
  part.first = part.second;
  part.shape = {1, 3, 3};
  CHECK_THROWS_AS(part.html(), ShapeError);
}
