# SPDX-License-Identifier: MIT
"""Fake quantisation by PyTorch's operators, and trainings of twenty steps. README.md lists them."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from golden import Inputs, close, save

# Name, scale, zero point, lowest and highest integer.
TENSORS = [("eight", 0.03, -20, -128, 127), ("four", 0.4, 0, -8, 7), ("unsigned", 0.25, -8, -8, 7)]
STEPS, BATCH, FROZEN_AFTER, RATE = 20, 8, 13, 1e-2
SIZES = [12, 8, 6, 4]


def gradients(y, dy, *of):
    return torch.autograd.grad(y, of, dy)


def off_the_edge(x):
    """PyTorch's learnable operators (1.13) cut `x / s + z + 0.5` to an integer in their backward,
    and so take what is up to a step below the lowest integer to be within reach. Not here."""
    for _, scale, zero, low, _ in TENSORS:
        below = x / scale + zero - low
        x = torch.where((-1.6 < below) & (below < -0.4), x - 1.3 * scale, x)
    return x


def make_tensors():
    """Ties and the ends themselves are left to tests of their own: here no number is near one."""
    inputs = Inputs(811)
    x, dy = off_the_edge(inputs.normal(9, 7, scale=2).float()), inputs.normal(9, 7).float()
    save("quantization", x=x, dy=dy)
    for name, scale, zero, low, high in TENSORS:
        leaf = x.clone().requires_grad_(True)
        y = torch.fake_quantize_per_tensor_affine(leaf, scale, zero, low, high)
        (dx,) = gradients(y, dy, leaf)
        s = torch.tensor([scale], requires_grad=True)
        factor = 1 / math.sqrt(x.shape[1] * (high - zero))
        learned = torch._fake_quantize_learnable_per_tensor_affine(
            leaf, s, torch.tensor([float(zero)]), low, high, factor)
        learned_dx, dscale = gradients(learned, dy, leaf, s)
        assert torch.equal(y, learned) and torch.equal(dx, learned_dx)
        # What the trainings below compute with is the same; the gradient of the scale is theirs
        # where the zero point is 0, and else that of the formula: PyTorch's takes the integers that
        # off_the_edge tells of.
        scaled_s = through(s * factor, s)
        own_dx, own_dscale = gradients(fake(leaf, scaled_s, zero, low, high), dy, leaf, s)
        close(dx, own_dx, 1e-5)
        if zero == 0:
            close(dscale, own_dscale, 1e-5)
        dscale = own_dscale
        assert 0 < (dx == 0).sum() < dx.numel()
        save("quantization", **{f"{name}_y": y, f"{name}_dx": dx, f"{name}_dscale": dscale})


def make_weights():
    inputs = Inputs(812)
    weight, dy = inputs.normal(5, 11).float(), inputs.normal(5, 11).float()
    largest = weight.abs().amax(dim=1) / 127
    zeros = torch.zeros(5, dtype=torch.int32)
    leaf = weight.clone().requires_grad_(True)
    y = torch.fake_quantize_per_channel_affine(leaf, largest, zeros, 0, -127, 127)
    (dweight,) = gradients(y, dy, leaf)
    assert torch.equal(dweight, dy)
    save("quantization", weight=weight, weight_dy=dy, weight_y=y)
    # Some weights are cut off, at the upper end: see off_the_edge.
    steps = weight.abs().mean(dim=1) / 4
    leaf = torch.where(weight < -7 * steps[:, None], -weight, weight).requires_grad_(True)
    steps.requires_grad_(True)
    y = torch._fake_quantize_learnable_per_channel_affine(leaf, steps, zeros.float(), 0, -8, 7,
                                                          1 / math.sqrt(11 * 7))
    dweight, dsteps = gradients(y, dy, leaf, steps)
    close(dweight, gradients(fake(leaf, steps[:, None], 0.0, -8, 7), dy, leaf)[0], 1e-5)
    assert 0 < (dweight == 0).sum() < dweight.numel()
    save("quantization", learned_weight=leaf, learned_steps=steps, learned_y=y,
         learned_dweight=dweight, learned_dsteps=dsteps)


def through(value, to):
    """`to`, with the gradient of `value`."""
    return value + (to - value).detach()


def away(x):
    """Rounded, halves away from zero."""
    return x.sign() * (x.abs() + 0.5).floor()


def fake(x, scale, zero, low, high):
    """By autograd of the formula, with a rounding that passes its gradient on."""
    v = x / scale
    q = away(v.detach()) + zero
    inside = (low <= q) & (q <= high)
    return scale * torch.where(inside, through(v, away(v)), q.clamp(low, high) - zero)


def single(x):
    """Scales are floats, whatever the network computes in."""
    return through(x, x.float().double())


class Range:
    """A running range of 8 bits; the first batch gives it."""

    def __init__(self):
        self.low = self.high = 0.0

    def __call__(self, x, frozen):
        if not frozen:
            share = 1.0 if self.low == self.high == 0 else 0.01
            self.low += share * (float(x.min()) - self.low)
            self.high += share * (float(x.max()) - self.high)
        low, high = min(0.0, self.low), max(0.0, self.high)
        scale = float(np.float32((high - low) / 255))
        zero = float(away(torch.tensor(-128 - low / scale)))
        return fake(x, torch.tensor(scale, dtype=torch.float64), zero, -128, 127), scale


def scaled(s, count, largest):
    """LSQ's scale of the gradient."""
    factor = 1 / math.sqrt(count * largest)
    return through(single(s) * factor, single(s))


def train(bits, learned):
    inputs = Inputs(814)
    x, labels = inputs.uniform(STEPS * BATCH, SIZES[0]), inputs.labels(STEPS * BATCH, SIZES[-1])
    x = x.float().double()
    parameters = []
    for i, o in zip(SIZES, SIZES[1:]):
        parameters += [inputs.normal(o, i, scale=0.5), inputs.normal(o, scale=0.1)]
        if learned:
            parameters.append(2 * parameters[-2].abs().mean(dim=1) / math.sqrt(2 ** (bits - 1) - 1))
            if o != SIZES[-1]:
                parameters.append(torch.tensor([0.15], dtype=torch.float64))
    initial = torch.cat([p.flatten() for p in parameters]).clone()
    for p in parameters:
        p.requires_grad_(True)
    optimizer = torch.optim.Adam(parameters, lr=RATE)
    of_input, of_logits, hidden = Range(), Range(), [Range(), Range()]
    losses = []
    most = 2 ** (bits - 1) - 1
    for step in range(STEPS):
        frozen = step >= FROZEN_AFTER
        part = slice(step * BATCH, (step + 1) * BATCH)
        y, scale_in = of_input(x[part], frozen)
        rest = iter(parameters)
        for layer in range(3):
            weight, bias = next(rest), next(rest)
            if learned:
                s = scaled(next(rest), weight.shape[1], most)
                multiple, low = 127 // (most + 1), -most - 1
            else:
                s = (weight.abs().amax(dim=1) / most).float().double().detach()
                multiple, low = 127 // most, -most
            unit = scale_in * s.detach() / multiple
            y = F.linear(y, fake(weight, s[:, None], 0.0, low, most),
                         through(bias, away(bias / unit) * unit))
            if layer == 2:
                y, _ = of_logits(y, frozen)
            elif learned:
                levels = 2**bits - 1
                a = scaled(next(rest), SIZES[layer + 1], levels)
                y, scale_in = fake(y.relu(), a, 0.0, 0, levels), float(a.detach())
            else:
                y, scale_in = hidden[layer](y.relu(), frozen)
        loss = F.cross_entropy(y, labels[part])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    final = torch.cat([p.detach().flatten() for p in parameters])
    name = f"training{bits}"
    ranges = [of_input] + ([] if learned else hidden) + [of_logits]
    save("quantization", **{f"{name}_initial": initial, f"{name}_losses": torch.stack(losses),
                            f"{name}_final": final,
                            f"{name}_ranges": torch.tensor([[r.low, r.high] for r in ranges],
                                                           dtype=torch.float64)})
    save("quantization", inputs=x.float(), labels=labels)


def main():
    make_tensors()
    make_weights()
    train(8, False)
    train(4, True)


if __name__ == "__main__":
    main()
