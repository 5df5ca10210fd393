// SPDX-License-Identifier: MIT
#pragma once

#include <iosfwd>
#include <kd/distill.hpp>
#include <kd/export.hpp>
#include <string>
#include <vector>

#include "images.hpp"
#include "json.hpp"
#include "training.hpp"

namespace example {

/// What a student is trained further, so that it learns to live with integers of a few bits: a
/// tenth of its epochs, at a tenth of its rate.
struct Further {
  kd::Index epochs;
  double lr;
};
Further further(kd::Index epochs, double lr);

/// What became of a student in integers, on the test images.
struct Integers {
  int bits;
  Further training;
  kd::Evaluation in_float;
  kd::Evaluation afterwards;  ///< quantised as it was
  kd::Evaluation aware;       ///< trained further as its integers
  kd::QuantizedNetwork network;
};

/// A line of what is about to be done.
std::string plan_of(int bits, const Further& training);

/// A row of texts each: what it is, test errors, accuracy.
std::vector<std::vector<std::string>> rows_of(const Integers& integers);
/// The same for a terminal, and as JSON.
void print_table(std::ostream& out, const Integers& integers);
Json to_json(const Integers& integers);

/// The first training images, from which ranges follow.
kd::Dataset for_ranges(const Images& images);

/// Where weights and what goes from layer to layer have so many bits.
kd::FakeQuantizedOptions of_bits(int bits, bool learned_scales);

/// A student as it was trained, in integers.
template <class Architecture>
kd::QuantizedNetwork quantized_afterwards(const kd::Network<Architecture>& student,
                                          const Images& images, int bits = 8) {
  if (bits == 8) return kd::quantize(student, for_ranges(images));
  return kd::quantize(kd::fake_quantize(student, for_ranges(images), of_bits(bits, false)));
}

/// Trains what a student becomes in integers with the teacher and the method that the student had;
/// `options` are those of the student, too, but for the epochs. Throws `Interrupted` where a signal
/// ends it.
template <class Architecture, class Teacher, class Method>
Integers train_integers(int bits, const Further& training, const kd::Network<Architecture>& student,
                        const Teacher& teacher, const Method& method, const Images& images,
                        kd::FitOptions options) {
  kd::Network<kd::FakeQuantized<Architecture>> aware =
      kd::fake_quantize(student, for_ranges(images), of_bits(bits, bits < 8));
  kd::Distiller distiller(teacher, aware, method);
  options.epochs = training.epochs;
  train_watched("in " + std::to_string(bits) + " bits", images, options,
                [&](kd::FitOptions watched) {
                  watched.on_step = [freeze = kd::freeze_ranges_late(aware),
                                     tell = watched.on_step](const kd::StepReport& report) {
                    freeze(report);
                    return tell(report);
                  };
                  return distiller.fit(images.train, kd::Adam{{.lr = training.lr}}, watched);
                });
  kd::QuantizedNetwork network = kd::quantize(aware);
  return {bits,
          training,
          kd::evaluate(student, images.test),
          kd::evaluate(quantized_afterwards(student, images, bits), images.test),
          kd::evaluate(network, images.test),
          network};
}

}  // namespace example
