// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "kd/report/line_chart.hpp"
#include "kd/train/report.hpp"

namespace kd::report {

/// How trainings went, epoch by epoch: what `fit` returns, with a name each. For every training a
/// chart of its loss, of the terms that make it up, and of the validation loss; and one chart of
/// all their validation errors.
struct LearningCurves {
  struct Run {
    std::string name;
    FitReport report;
  };
  std::vector<Run> runs;
  std::string validation_name = "validation";  ///< what the validation set is called

  std::string html() const {
    std::string out;
    const LineChart errors = error_chart();
    if (!errors.series.empty()) out += errors.html();
    for (const Run& run : runs) out += loss_chart(run).html();
    return out;
  }

  /// Errors on the validation set, in percent, of the runs that have one.
  LineChart error_chart() const {
    LineChart chart{.title = "Errors, " + validation_name,
                    .x_label = "epoch",
                    .y_label = "wrong, %",
                    .series = {}};
    for (const Run& run : runs) {
      Series errors{run.name, {}, {}};
      for (const EpochReport& epoch : run.report.epochs)
        if (epoch.validation) add(errors, epoch, 100 * (1 - epoch.validation->accuracy));
      if (!errors.x.empty()) chart.series.push_back(std::move(errors));
    }
    return chart;
  }

  LineChart loss_chart(const Run& run) const {
    LineChart chart{.title = "Loss of " + run.name,
                    .x_label = "epoch",
                    .y_label = "loss",
                    .series = {{"training", {}, {}}},
                    .logarithmic_y = true};
    Series validation{validation_name, {}, {}};
    std::vector<Series> terms;
    for (const EpochReport& epoch : run.report.epochs) {
      add(chart.series.front(), epoch, epoch.loss);
      if (epoch.validation) add(validation, epoch, epoch.validation->loss);
      terms.resize(epoch.terms.size());
      for (std::size_t k = 0; k < terms.size(); ++k) {
        terms[k].name = epoch.terms[k].name;
        add(terms[k], epoch, epoch.terms[k].value);
      }
    }
    if (terms.size() > 1)
      for (Series& term : terms) chart.series.push_back(std::move(term));
    if (!validation.x.empty()) chart.series.push_back(std::move(validation));
    return chart;
  }

 private:
  static void add(Series& series, const EpochReport& epoch, double value) {
    series.x.push_back(static_cast<double>(epoch.epoch));
    series.y.push_back(value);
  }
};

}  // namespace kd::report
