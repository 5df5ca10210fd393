// SPDX-License-Identifier: MIT
#include "page.hpp"

#include "student_page.hpp"
#include "text.hpp"

namespace image {

namespace {

example::PageNetwork tell_of(const NetworkResult& result) {
  const Outcome& first = result.seeds.front();
  example::PageNetwork network{{}, first.training, first.test, first.logits};
  for (const Outcome& outcome : result.seeds)
    network.errors.push_back(static_cast<double>(outcome.test.errors));
  return network;
}

}  // namespace

std::string to_html(const Recipe& recipe, const example::Images& images, std::uint64_t seed,
                    const Results& results) {
  example::StudentPage page{.title = "A small convolutional network, alone and distilled",
                            .introduction = "Recipe " + recipe.name + ", distilled at T = " +
                                            example::general(recipe.temperature) + ".",
                            .images = images,
                            .temperature = recipe.temperature,
                            .seeds = {},
                            .teacher = tell_of(results.teacher),
                            .alone = tell_of(results.alone),
                            .distilled = tell_of(results.distilled),
                            .integers = results.integers};
  for (std::size_t i = 0; i < results.alone.seeds.size(); ++i) page.seeds.push_back(seed + i);
  return page.html();
}

}  // namespace image
