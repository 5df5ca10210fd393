# SPDX-License-Identifier: MIT
"""Golden values of the layers behind those that every training run uses. README.md lists them."""

import torch
import torch.nn.functional as F

from golden import Inputs, close, leaf, save

ACTIVATIONS = {
    "relu6": F.relu6,
    "leaky_relu": F.leaky_relu,
    "leaky_relu_steep": lambda x: F.leaky_relu(x, -1.5),
    "hard_swish": F.hardswish,
    "gelu": F.gelu,
    "silu": F.silu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
}


def make_activations():
    inputs = Inputs(111)
    x, dy = inputs.normal(6, 9, scale=3), inputs.normal(6, 9)
    x[0, :4] = torch.tensor([0.0, -0.0, 6.0, 20.0])
    x[5, 5:] = torch.tensor([-20.0, 1e-9, -1e-9, -6.0])
    assert not (x.abs() == 3).any()  # the slopes of hardswish there are not the same everywhere
    save("activations", x=x, dy=dy)
    for name, function in ACTIVATIONS.items():
        wet = leaf(x)
        y = function(wet)
        y.backward(dy)
        save("activations", **{f"{name}_y": y, f"{name}_dx": wet.grad})


def make_layer_norm():
    inputs = Inputs(112)
    data = inputs.normal(5, 7, scale=2) + 3
    data[3] = 1.25  # features that are all the same: what is left is the bias
    factors, shifts, dy = inputs.normal(7), inputs.normal(7), inputs.normal(5, 7)
    save("layer_norm", x=data, weight=factors, bias=shifts, dy=dy)
    for name, eps in (("plain", 1e-5), ("large_eps", 0.5)):
        x, weight, bias = leaf(data), leaf(factors), leaf(shifts)
        y = F.layer_norm(x, (7,), weight, bias, eps)
        y.backward(dy)
        mean = data.mean(1, keepdim=True)
        variance = data.var(1, unbiased=False, keepdim=True)
        close(y.detach(), (data - mean) / torch.sqrt(variance + eps) * factors + shifts)
        save("layer_norm", **{f"{name}_y": y, f"{name}_dx": x.grad,
                              f"{name}_dweight": weight.grad, f"{name}_dbias": bias.grad})


def main():
    make_activations()
    make_layer_norm()


if __name__ == "__main__":
    main()
