// SPDX-License-Identifier: MIT
#pragma once

/// Results that people can look at: `kd::Report` writes one HTML file of charts and tables. Needs
/// POSIX, and nothing but Eigen beside it.

#include "kd/report/axis.hpp"
#include "kd/report/bar_chart.hpp"
#include "kd/report/confusion.hpp"
#include "kd/report/disagreements.hpp"
#include "kd/report/escape.hpp"
#include "kd/report/learning_curves.hpp"
#include "kd/report/legend.hpp"
#include "kd/report/line_chart.hpp"
#include "kd/report/number.hpp"
#include "kd/report/page.hpp"
#include "kd/report/style.hpp"
#include "kd/report/svg.hpp"
#include "kd/report/table.hpp"
