// SPDX-License-Identifier: MIT
#include "page.hpp"

#include "student_page.hpp"
#include "text.hpp"

namespace mnist {

namespace {

example::PageNetwork tell_of(const NetworkResult& result) {
  return {{}, result.training, result.test, result.logits};
}

}  // namespace

std::string to_html(const Recipe& recipe, const example::Images& images, const Results& results) {
  example::StudentPage page{.title = "A student of handwritten digits, alone and distilled",
                            .introduction = "Recipe " + recipe.name + ", distilled at T = " +
                                            example::general(recipe.temperature) + ".",
                            .images = images,
                            .temperature = recipe.temperature,
                            .seeds = {},
                            .teacher = tell_of(results.teacher),
                            .alone = tell_of(results.student_alone),
                            .distilled = tell_of(results.student_distilled),
                            .integers = results.integers};
  page.teacher.errors = {static_cast<double>(results.teacher.test_errors)};
  for (const SeedResult& seed : results.seeds) {
    page.seeds.push_back(seed.seed);
    page.alone.errors.push_back(static_cast<double>(seed.alone));
    page.distilled.errors.push_back(static_cast<double>(seed.distilled));
  }
  return page.html();
}

}  // namespace mnist
