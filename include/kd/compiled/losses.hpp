// SPDX-License-Identifier: MIT
#pragma once

#include "kd/compiled/template.hpp"
#include "kd/cpu/ops/alpha_beta.hpp"
#include "kd/cpu/ops/attention_transfer.hpp"
#include "kd/cpu/ops/cell_weights.hpp"
#include "kd/cpu/ops/class_maps.hpp"
#include "kd/cpu/ops/contrast.hpp"
#include "kd/cpu/ops/correlation_kd.hpp"
#include "kd/cpu/ops/cross_entropy.hpp"
#include "kd/cpu/ops/decoupled_kd.hpp"
#include "kd/cpu/ops/ensemble.hpp"
#include "kd/cpu/ops/factor_cosine.hpp"
#include "kd/cpu/ops/gaussian_likelihood.hpp"
#include "kd/cpu/ops/gaussian_wasserstein.hpp"
#include "kd/cpu/ops/generalized_jsd.hpp"
#include "kd/cpu/ops/label_smoothing.hpp"
#include "kd/cpu/ops/learned_temperature.hpp"
#include "kd/cpu/ops/make_unit.hpp"
#include "kd/cpu/ops/multi_level.hpp"
#include "kd/cpu/ops/nkd.hpp"
#include "kd/cpu/ops/pair_distances.hpp"
#include "kd/cpu/ops/probabilistic_transfer.hpp"
#include "kd/cpu/ops/refined_logits.hpp"
#include "kd/cpu/ops/region_means.hpp"
#include "kd/cpu/ops/relational.hpp"
#include "kd/cpu/ops/reverse_kl.hpp"
#include "kd/cpu/ops/similarity_preserving.hpp"
#include "kd/cpu/ops/soft_targets.hpp"
#include "kd/cpu/ops/squared_error.hpp"
#include "kd/cpu/ops/standardize.hpp"
#include "kd/cpu/ops/top_k.hpp"
#include "kd/cpu/ops/transport.hpp"
#include "kd/cpu/ops/virtual_logits.hpp"
#include "kd/cpu/ops/wttm.hpp"

// What losses and methods of distillation do on the CPU, for float: in the library of kd::compiled.
namespace kd::cpu {

KD_TEMPLATE void op_alpha_beta(const Space&, MatrixView<const float>, MatrixView<const float>,
                               float, float, float, float, MatrixView<float>, VectorView<float>);
KD_TEMPLATE void op_attention_transfer(const Space&, Index, MatrixView<const float>,
                                       MatrixView<const float>, float, MatrixView<float>,
                                       VectorView<float>, MatrixView<float>);
KD_TEMPLATE void op_cell_weights(const Space&, VectorView<const Label>, VectorView<const Label>,
                                 float, float, VectorView<float>);
KD_TEMPLATE void op_class_maps(const Space&, Index, MatrixView<const float>,
                               MatrixView<const float>, float, MatrixView<float>,
                               VectorView<float>);
KD_TEMPLATE void op_contrast_normaliser(const Space&, MatrixView<const float>,
                                        MatrixView<const float>, VectorView<const Index>,
                                        MatrixView<const std::int32_t>, float, VectorView<float>);
KD_TEMPLATE void op_contrast(const Space&, MatrixView<const float>, MatrixView<const float>,
                             VectorView<const Index>, MatrixView<const std::int32_t>,
                             VectorView<const float>, float, float, MatrixView<float>,
                             VectorView<float>);
KD_TEMPLATE void op_move_bank(const Space&, MatrixView<const float>, VectorView<const Index>, float,
                              MatrixView<float>);
KD_TEMPLATE void op_correlation_kd(const Space&, MatrixView<const float>, MatrixView<const float>,
                                   float, float, float, MatrixView<float>, MatrixView<float>,
                                   MatrixView<float>, MatrixView<float>, VectorView<float>,
                                   VectorView<float>);
KD_TEMPLATE void op_cross_entropy(const Space&, MatrixView<const float>, VectorView<const Label>,
                                  float, MatrixView<float>, Write, VectorView<float>);
KD_TEMPLATE void op_decoupled_kd(const Space&, MatrixView<const float>, MatrixView<const float>,
                                 VectorView<const Label>, float, float, float, MatrixView<float>,
                                 VectorView<float>, VectorView<float>);
KD_TEMPLATE void op_scale(const Space&, VectorView<const float>, float, VectorView<float>, Write);
KD_TEMPLATE void op_add_probabilities(const Space&, MatrixView<const float>, float,
                                      MatrixView<float>, Write);
KD_TEMPLATE void op_logits_of_mean(const Space&, VectorView<float>, Index, float);
KD_TEMPLATE void op_factor_cosine(const Space&, MatrixView<const float>, MatrixView<const float>,
                                  float, MatrixView<float>, VectorView<float>);
KD_TEMPLATE void op_gaussian_likelihood(const Space&, MatrixView<const float>,
                                        MatrixView<const float>, VectorView<const float>, float,
                                        MatrixView<float>, VectorView<float>, VectorView<float>);
KD_TEMPLATE void op_gaussian_wasserstein(const Space&, Index, MatrixView<const float>,
                                         MatrixView<const float>, float, float, MatrixView<float>,
                                         VectorView<float>, VectorView<float>);
KD_TEMPLATE void op_generalized_jsd(const Space&, MatrixView<const float>, MatrixView<const float>,
                                    float, float, float, MatrixView<float>, VectorView<float>);
KD_TEMPLATE void op_label_smoothing(const Space&, MatrixView<const float>, VectorView<const Label>,
                                    float, float, MatrixView<float>, Write, VectorView<float>);
KD_TEMPLATE void op_learned_temperature(const Space&, MatrixView<const float>,
                                        MatrixView<const float>, VectorView<const float>, float,
                                        float, float, float, MatrixView<float>, VectorView<float>,
                                        VectorView<float>, VectorView<float>);
KD_TEMPLATE void op_make_unit(const Space&, MatrixView<float>, VectorView<float>);
KD_TEMPLATE void op_make_unit_backward(const Space&, MatrixView<const float>,
                                       VectorView<const float>, MatrixView<float>);
KD_TEMPLATE void op_multi_level(const Space&, MatrixView<const float>, MatrixView<const float>,
                                float, float, float, MatrixView<float>, VectorView<float>,
                                VectorView<float>, MatrixView<float>, MatrixView<float>,
                                MatrixView<float>, MatrixView<float>, MatrixView<float>);
KD_TEMPLATE void op_nkd(const Space&, MatrixView<const float>, MatrixView<const float>,
                        VectorView<const Label>, float, float, float, MatrixView<float>,
                        VectorView<float>, VectorView<float>);
KD_TEMPLATE void op_pair_distances(const Space&, MatrixView<const float>, MatrixView<float>);
KD_TEMPLATE void op_probabilistic_transfer(const Space&, MatrixView<const float>,
                                           MatrixView<const float>, float, MatrixView<float>,
                                           VectorView<float>, MatrixView<float>, MatrixView<float>,
                                           VectorView<float>);
KD_TEMPLATE void op_refined_logits(const Space&, MatrixView<const float>, MatrixView<const float>,
                                   VectorView<const Label>, float, float, float, float,
                                   MatrixView<float>, VectorView<float>, VectorView<float>);
KD_TEMPLATE void op_region_means(const Space&, const Shape&, Index, MatrixView<const float>,
                                 MatrixView<float>);
KD_TEMPLATE void op_region_means_backward(const Space&, const Shape&, Index,
                                          MatrixView<const float>, MatrixView<float>);
KD_TEMPLATE void op_relational_distance(const Space&, MatrixView<const float>,
                                        MatrixView<const float>, float, MatrixView<float>,
                                        MatrixView<float>, VectorView<float>);
KD_TEMPLATE void op_relational_angle(const Space&, MatrixView<const float>, MatrixView<const float>,
                                     MatrixView<const float>, MatrixView<const float>, float,
                                     MatrixView<float>, MatrixView<float>, VectorView<float>);
KD_TEMPLATE void op_add_pulls(const Space&, MatrixView<const float>, MatrixView<const float>,
                              MatrixView<float>);
KD_TEMPLATE void op_reverse_kl(const Space&, MatrixView<const float>, MatrixView<const float>,
                               float, float, MatrixView<float>, VectorView<float>);
KD_TEMPLATE void op_similarity_preserving(const Space&, MatrixView<const float>,
                                          MatrixView<const float>, float, MatrixView<float>,
                                          VectorView<float>, MatrixView<float>, MatrixView<float>);
KD_TEMPLATE void op_soft_targets(const Space&, MatrixView<const float>, MatrixView<const float>,
                                 VectorView<const Label>, float, float, float, MatrixView<float>,
                                 Write, VectorView<float>, VectorView<float>);
KD_TEMPLATE void op_squared_error(const Space&, MatrixView<const float>, MatrixView<const float>,
                                  float, MatrixView<float>, Write, VectorView<float>);
KD_TEMPLATE void op_standardize(const Space&, MatrixView<const float>, MatrixView<float>,
                                VectorView<float>);
KD_TEMPLATE void op_standardize_backward(const Space&, MatrixView<const float>,
                                         VectorView<const float>, MatrixView<const float>,
                                         MatrixView<float>);
KD_TEMPLATE void op_top_k(const Space&, MatrixView<const float>, float, TopKTable<float, Space>);
KD_TEMPLATE void op_fill_logits(const Space&, TopKTable<const float, Space>,
                                VectorView<const Index>, MatrixView<float>);
KD_TEMPLATE void op_top_k_divergence(const Space&, MatrixView<const float>,
                                     TopKTable<const float, Space>, VectorView<const Index>, float,
                                     MissingMass, float, MatrixView<float>, VectorView<float>);
KD_TEMPLATE void op_transport(const Space&, MatrixView<const float>, MatrixView<const float>,
                              VectorView<const Label>, MatrixView<const float>,
                              MatrixView<const float>, float, Index, float, MatrixView<float>,
                              VectorView<float>, MatrixView<float>);
KD_TEMPLATE void op_virtual_logits(const Space&, VectorView<const Label>, float, float,
                                   MatrixView<float>);
KD_TEMPLATE void op_wttm(const Space&, MatrixView<const float>, MatrixView<const float>, float,
                         bool, float, MatrixView<float>, VectorView<float>);

}  // namespace kd::cpu
