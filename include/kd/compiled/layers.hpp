// SPDX-License-Identifier: MIT
#pragma once

#include "kd/compiled/template.hpp"
#include "kd/cpu/ops/activation.hpp"
#include "kd/cpu/ops/adam.hpp"
#include "kd/cpu/ops/add.hpp"
#include "kd/cpu/ops/argmax.hpp"
#include "kd/cpu/ops/average_pool.hpp"
#include "kd/cpu/ops/batch_norm.hpp"
#include "kd/cpu/ops/conv2d.hpp"
#include "kd/cpu/ops/copy.hpp"
#include "kd/cpu/ops/dropout.hpp"
#include "kd/cpu/ops/gather.hpp"
#include "kd/cpu/ops/guard.hpp"
#include "kd/cpu/ops/layer_norm.hpp"
#include "kd/cpu/ops/linear.hpp"
#include "kd/cpu/ops/max_norm.hpp"
#include "kd/cpu/ops/max_pool.hpp"
#include "kd/cpu/ops/moving_average.hpp"
#include "kd/cpu/ops/multiply.hpp"
#include "kd/cpu/ops/relu.hpp"
#include "kd/cpu/ops/sgd.hpp"
#include "kd/cpu/ops/sum.hpp"
#include "kd/cpu/ops/weigh.hpp"

// What layers, optimizers and the training loop do on the CPU, for float: in the library of
// kd::compiled.
namespace kd::cpu {

KD_TEMPLATE void op_activation_forward(const Space&, activation::ReLU6, VectorView<const float>,
                                       VectorView<float>);
KD_TEMPLATE void op_activation_forward(const Space&, activation::HardSwish, VectorView<const float>,
                                       VectorView<float>);
KD_TEMPLATE void op_activation_forward(const Space&, activation::GELU, VectorView<const float>,
                                       VectorView<float>);
KD_TEMPLATE void op_activation_forward(const Space&, activation::SiLU, VectorView<const float>,
                                       VectorView<float>);
KD_TEMPLATE void op_activation_forward(const Space&, activation::Tanh, VectorView<const float>,
                                       VectorView<float>);
KD_TEMPLATE void op_activation_forward(const Space&, activation::Sigmoid, VectorView<const float>,
                                       VectorView<float>);
KD_TEMPLATE void op_activation_forward(const Space&, activation::LeakyReLU<float>,
                                       VectorView<const float>, VectorView<float>);
KD_TEMPLATE void op_activation_backward(const Space&, activation::ReLU6, VectorView<const float>,
                                        VectorView<const float>, VectorView<const float>,
                                        VectorView<float>, Write);
KD_TEMPLATE void op_activation_backward(const Space&, activation::HardSwish,
                                        VectorView<const float>, VectorView<const float>,
                                        VectorView<const float>, VectorView<float>, Write);
KD_TEMPLATE void op_activation_backward(const Space&, activation::GELU, VectorView<const float>,
                                        VectorView<const float>, VectorView<const float>,
                                        VectorView<float>, Write);
KD_TEMPLATE void op_activation_backward(const Space&, activation::SiLU, VectorView<const float>,
                                        VectorView<const float>, VectorView<const float>,
                                        VectorView<float>, Write);
KD_TEMPLATE void op_activation_backward(const Space&, activation::Tanh, VectorView<const float>,
                                        VectorView<const float>, VectorView<const float>,
                                        VectorView<float>, Write);
KD_TEMPLATE void op_activation_backward(const Space&, activation::Sigmoid, VectorView<const float>,
                                        VectorView<const float>, VectorView<const float>,
                                        VectorView<float>, Write);
KD_TEMPLATE void op_activation_backward(const Space&, activation::LeakyReLU<float>,
                                        VectorView<const float>, VectorView<const float>,
                                        VectorView<const float>, VectorView<float>, Write);
KD_TEMPLATE void op_adam(const Space&, VectorView<float>, VectorView<const float>,
                         VectorView<float>, VectorView<float>, AdamStep<float>, Guard<>);
KD_TEMPLATE void op_look_adam(const Space&, VectorView<float>, VectorView<const float>,
                              VectorView<float>, VectorView<float>, AdamStep<float>,
                              const Lookout<>&);
KD_TEMPLATE void op_add(const Space&, VectorView<const float>, VectorView<const float>,
                        VectorView<float>);
KD_TEMPLATE void op_argmax(const Space&, MatrixView<const float>, VectorView<Label>);
KD_TEMPLATE void op_average_pool_forward(const Space&, const ConvShape&, bool,
                                         MatrixView<const float>, MatrixView<float>);
KD_TEMPLATE void op_average_pool_backward(const Space&, const ConvShape&, bool,
                                          MatrixView<const float>, MatrixView<float>, Write);
KD_TEMPLATE void op_batch_moments(const Space&, const Shape&, MatrixView<const float>,
                                  VectorView<float>);
KD_TEMPLATE void op_batch_norm_forward(const Space&, const Shape&, VectorView<const float>, double,
                                       VectorView<const float>, VectorView<const float>,
                                       MatrixView<const float>, MatrixView<float>);
KD_TEMPLATE void op_batch_norm_backward(const Space&, const Shape&, VectorView<const float>, double,
                                        VectorView<const float>, MatrixView<const float>,
                                        MatrixView<const float>, VectorView<float>,
                                        VectorView<float>, Write, MatrixView<float>, Write);
KD_TEMPLATE void op_follow_moments(const Space&, VectorView<const float>, Index, double,
                                   VectorView<float>);
KD_TEMPLATE void op_conv2d_forward(const Space&, const ConvShape&, VectorView<const float>,
                                   VectorView<const float>, MatrixView<const float>,
                                   MatrixView<float>);
KD_TEMPLATE void op_conv2d_relu_forward(const Space&, const ConvShape&, VectorView<const float>,
                                        VectorView<const float>, MatrixView<const float>,
                                        MatrixView<float>, MatrixView<float>);
KD_TEMPLATE void op_conv2d_backward_params(const Space&, const ConvShape&, MatrixView<const float>,
                                           MatrixView<const float>, VectorView<float>,
                                           VectorView<float>, Write);
KD_TEMPLATE void op_conv2d_backward_input(const Space&, const ConvShape&, VectorView<const float>,
                                          MatrixView<const float>, MatrixView<float>, Write);
KD_TEMPLATE void op_copy(const Space&, VectorView<const float>, VectorView<float>, Write);
KD_TEMPLATE void op_dropout_forward(const Space&, Rng, double, VectorView<const float>,
                                    VectorView<float>, VectorView<float>);
KD_TEMPLATE void op_gather(const Space&, MatrixView<const float>, VectorView<const Index>, float,
                           MatrixView<float>, Index);
KD_TEMPLATE void op_gather(const Space&, MatrixView<const std::uint8_t>, VectorView<const Index>,
                           float, MatrixView<float>, Index);
KD_TEMPLATE void op_flag_nonfinite(const Space&, VectorView<const float>, Guard<>);
KD_TEMPLATE void op_flag_large(const Space&, VectorView<const float>, double,
                               VectorView<std::int32_t>);
KD_TEMPLATE void op_flag_gradients(const Space&, VectorView<const float>, double, Guard<>,
                                   VectorView<std::int32_t>);
KD_TEMPLATE void op_look_at(const Space&, VectorView<const float>, const Lookout<>&);
KD_TEMPLATE void op_restore(const Space&, VectorView<const float>, VectorView<float>,
                            VectorView<const std::int32_t>);
KD_TEMPLATE void op_clip(const Space&, VectorView<float>, VectorView<const double>, double);
KD_TEMPLATE void op_layer_norm_forward(const Space&, VectorView<const float>,
                                       VectorView<const float>, float, MatrixView<const float>,
                                       MatrixView<float>, MatrixView<float>);
KD_TEMPLATE void op_layer_norm_backward(const Space&, VectorView<const float>,
                                        MatrixView<const float>, MatrixView<const float>,
                                        MatrixView<const float>, VectorView<float>,
                                        VectorView<float>, Write, MatrixView<float>, Write);
KD_TEMPLATE void op_linear_forward(const Space&, MatrixView<const float>, VectorView<const float>,
                                   MatrixView<const float>, MatrixView<float>);
KD_TEMPLATE void op_linear_backward(const Space&, MatrixView<const float>, MatrixView<const float>,
                                    MatrixView<const float>, MatrixView<float>, VectorView<float>,
                                    Write, MatrixView<float>, Write);
KD_TEMPLATE void op_max_norm(const Space&, MatrixView<float>, float, Guard<>);
KD_TEMPLATE void op_max_pool_forward(const Space&, const ConvShape&, MatrixView<const float>,
                                     MatrixView<float>);
KD_TEMPLATE void op_max_pool_backward(const Space&, const ConvShape&, MatrixView<const float>,
                                      MatrixView<const float>, MatrixView<float>, Write);
KD_TEMPLATE void op_moving_average(const Space&, VectorView<const float>, double,
                                   VectorView<float>);
KD_TEMPLATE void op_multiply(const Space&, VectorView<const float>, VectorView<const float>,
                             VectorView<float>, Write);
KD_TEMPLATE void op_relu_forward(const Space&, VectorView<const float>, VectorView<float>);
KD_TEMPLATE void op_relu_backward(const Space&, VectorView<const float>, VectorView<const float>,
                                  VectorView<float>, Write);
KD_TEMPLATE void op_sgd(const Space&, VectorView<float>, VectorView<const float>, VectorView<float>,
                        SgdStep<float>, Guard<>);
KD_TEMPLATE void op_look_sgd(const Space&, VectorView<float>, VectorView<const float>,
                             VectorView<float>, SgdStep<float>, const Lookout<>&);
KD_TEMPLATE void op_add_sum(const Space&, VectorView<const float>, VectorView<double>);
KD_TEMPLATE void op_add_square_sum(const Space&, VectorView<const float>, VectorView<double>);
KD_TEMPLATE void op_weigh(const Space&, VectorView<const float>, MatrixView<const float>,
                          MatrixView<float>, Write, VectorView<float>);

}  // namespace kd::cpu
