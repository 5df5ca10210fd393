# SPDX-License-Identifier: MIT
"""What the scripts that make the golden values share: inputs from a fixed seed, and writing."""

import pathlib

import numpy as np
import torch

root = pathlib.Path(__file__).resolve().parent
TEMPERATURES = [0.5, 1.0, 4.0, 20.0]

torch.set_num_threads(1)  # one order of summation, so that a second run gives the same bytes
torch.use_deterministic_algorithms(True)


class Inputs:
    """Random inputs in double; a topic owns its seed, so that topics do not move each other."""

    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)

    def normal(self, *shape, scale=1.0):
        return scale * torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def uniform(self, *shape):
        return torch.rand(*shape, generator=self.generator, dtype=torch.float64)

    def labels(self, count, classes):
        return torch.randint(classes, (count,), generator=self.generator)

    def distinct(self, count, below):
        return torch.randperm(below, generator=self.generator)[:count]


def save(topic, **arrays):
    """Writes `<topic>/<name>.npy` for each array: C order, labels as int32, a scalar as (1,)."""
    folder = root / topic
    folder.mkdir(parents=True, exist_ok=True)
    for name, values in arrays.items():
        if isinstance(values, (list, tuple)) and isinstance(values[0], torch.Tensor):
            values = torch.stack([v.detach() for v in values])
        if isinstance(values, torch.Tensor):
            values = values.detach().numpy()
        values = np.atleast_1d(np.ascontiguousarray(values))
        if values.dtype == np.int64:
            values = values.astype(np.int32)
        assert values.dtype in (np.float64, np.float32, np.float16, np.int32, np.uint8), (topic, name)
        assert np.isfinite(values).all(), f"{topic}/{name} holds a number that is not finite"
        np.save(folder / f"{name}.npy", values)


def leaf(x):
    """A copy of x that gradients are taken with respect to."""
    return x.detach().clone().requires_grad_(True)


def value_and_gradient(loss, x):
    """loss(x) and its gradient; where the loss does not depend on x, zeros."""
    x = leaf(x)
    value = loss(x)
    (gradient,) = torch.autograd.grad(value, x, allow_unused=True, materialize_grads=True)
    return value.detach(), gradient


def sweep(loss, x, settings):
    """value_and_gradient of loss(x, setting) for each setting, stacked in their order."""
    pairs = [value_and_gradient(lambda z, s=s: loss(z, s), x) for s in settings]
    return torch.stack([p[0] for p in pairs]), torch.stack([p[1] for p in pairs])


def close(a, b, tolerance=1e-12):
    assert torch.allclose(torch.as_tensor(a, dtype=torch.float64),
                          torch.as_tensor(b, dtype=torch.float64), rtol=tolerance, atol=tolerance)
