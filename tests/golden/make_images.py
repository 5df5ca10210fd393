# SPDX-License-Identifier: MIT
"""The layers of images, and twenty Adam steps of two networks of MLPerf Tiny. README.md lists them."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parameters_to_vector

from golden import Inputs, leaf, save

# Name, input (channels, height, width), outputs, kernel, stride, pad ("same" is TensorFlow's), groups, bias.
CONVOLUTIONS = [
    ("plain", (3, 7, 6), 4, (3, 3), 1, 0, 1, True),
    ("padded", (3, 9, 7), 8, (3, 3), 1, 1, 1, True),
    ("stride2", (3, 9, 8), 6, (3, 3), 2, 1, 1, False),
    ("pointwise", (5, 6, 4), 7, (1, 1), 1, 0, 1, True),
    ("shortcut", (4, 7, 8), 6, (1, 1), 2, 0, 1, True),
    ("same", (2, 9, 6), 4, (4, 3), 2, "same", 1, True),
    ("same3", (2, 11, 5), 4, (5, 3), 3, "same", 1, True),
    ("groups", (6, 5, 4), 6, (3, 3), 1, 1, 3, False),
    ("depthwise", (6, 8, 5), 6, (3, 3), 1, 1, 6, True),
    ("depthwise2", (6, 8, 5), 6, (3, 3), 2, 1, 6, False),
]


def same_border(size, kernel, stride):
    """TensorFlow's SAME: how many zeros lie before and behind."""
    count = -(-size // stride)
    total = max(0, (count - 1) * stride + kernel - size)
    return total // 2, total - total // 2


class Same(nn.Module):
    """A layer with a window, behind the border of TensorFlow's SAME."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        (height, width), (down, along) = self.layer.kernel_size, self.layer.stride
        rows, columns = same_border(x.shape[2], height, down), same_border(x.shape[3], width, along)
        return self.layer(F.pad(x, (*columns, *rows)))


class Residual(nn.Module):
    """kd's Residual: the branch's parameters come before those of the shortcut."""

    def __init__(self, *branch, shortcut=None):
        super().__init__()
        self.branch = nn.Sequential(*branch)
        self.shortcut = nn.Sequential(shortcut) if shortcut else nn.Identity()

    def forward(self, x):
        return self.branch(x) + self.shortcut(x)


def make_convolutions():
    inputs = Inputs(701)
    for name, shape, outputs, kernel, stride, pad, groups, bias in CONVOLUTIONS:
        x = leaf(inputs.normal(3, *shape))
        weight = leaf(inputs.normal(outputs, shape[0] // groups, *kernel))
        biases = leaf(inputs.normal(outputs)) if bias else None
        padded, border = x, pad
        if pad == "same":
            padded = F.pad(x, (*same_border(shape[2], kernel[1], stride),
                               *same_border(shape[1], kernel[0], stride)))
            border = 0
        y = F.conv2d(padded, weight, biases, stride, border, 1, groups)
        dy = inputs.normal(*y.shape)
        y.backward(dy)
        arrays = dict(x=x, weight=weight, dy=dy, y=y, dx=x.grad, dweight=weight.grad)
        if bias:
            arrays |= dict(bias=biases, dbias=biases.grad)
        save("conv2d", **{f"{name}_{key}": value for key, value in arrays.items()})


def make_pools():
    inputs = Inputs(702)
    for name, pool in (
        ("max2", lambda x: F.max_pool2d(x, 2)),
        ("max3", lambda x: F.max_pool2d(x, 3, 2, 1)),
        ("average2", lambda x: F.avg_pool2d(x, 2)),
        ("average3", lambda x: F.avg_pool2d(x, 3, 2, 1)),
        ("global", lambda x: x.mean(dim=(2, 3))),
    ):
        x = inputs.normal(3, 4, 7, 6)
        x = leaf((2 * x).round() / 2)  # with equals in most windows
        y = pool(x)
        dy = inputs.normal(*y.shape)
        y.backward(dy)
        save("pool", **{f"{name}_x": x, f"{name}_dy": dy, f"{name}_y": y, f"{name}_dx": x.grad})


def make_batch_norm():
    inputs = Inputs(703)
    for name, shape, momentum, eps in (("maps", (5, 4, 3, 6), 0.1, 1e-5),
                                       ("features", (7, 9), 0.3, 1e-3)):
        layer = (nn.BatchNorm2d if len(shape) == 4 else nn.BatchNorm1d)(
            shape[1], eps, momentum).double()
        with torch.no_grad():
            layer.weight.copy_(inputs.normal(shape[1]))
            layer.bias.copy_(inputs.normal(shape[1]))
        x, dy = leaf(inputs.normal(*shape, scale=2) + 1), inputs.normal(*shape)
        y = layer(x)
        y.backward(dy)
        save("batch_norm", **{f"{name}_{key}": value for key, value in dict(
            x=x, dy=dy, y=y, dx=x.grad, weight=layer.weight, bias=layer.bias,
            dweight=layer.weight.grad, dbias=layer.bias.grad, running_mean=layer.running_mean,
            running_var=layer.running_var, inference=layer.eval()(x)).items()})


def conv(inputs, outputs, kernel, stride=1, groups=1):
    return Same(nn.Conv2d(inputs, outputs, kernel, stride, groups=groups))


def resnet8():
    def block(inputs, outputs, stride):
        return [
            Residual(conv(inputs, outputs, 3, stride), nn.BatchNorm2d(outputs), nn.ReLU(),
                     conv(outputs, outputs, 3), nn.BatchNorm2d(outputs),
                     shortcut=conv(inputs, outputs, 1, stride) if stride > 1 else None),
            nn.ReLU(),
        ]

    return nn.Sequential(conv(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), *block(16, 16, 1),
                         *block(16, 32, 2), *block(32, 64, 2), nn.AvgPool2d(8), nn.Flatten(),
                         nn.Linear(64, 10))


def ds_cnn():
    layers = [conv(1, 64, (10, 4), 2), nn.BatchNorm2d(64), nn.ReLU()]
    for _ in range(4):
        layers += [conv(64, 64, 3, groups=64), nn.BatchNorm2d(64), nn.ReLU(),
                   conv(64, 64, 1), nn.BatchNorm2d(64), nn.ReLU()]
    return nn.Sequential(*layers, nn.AvgPool2d((25, 5)), nn.Flatten(), nn.Linear(64, 12))


def statistics(network):
    """Running moments in the order in which kd keeps them."""
    return torch.cat([part for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)
                      for part in (layer.running_mean, layer.running_var)])


def make_trajectories():
    """Twenty steps in double from weights that 16 bits hold."""
    for name, build, shape, classes, count in (("resnet8", resnet8, (3, 32, 32), 10, 77706),
                                               ("ds_cnn", ds_cnn, (1, 49, 10), 12, 22604)):
        inputs = Inputs(704)
        torch.manual_seed(705)
        network = build().double()
        norms = statistics(network).numel()  # as many as weights and biases of BatchNorm
        assert parameters_to_vector(network.parameters()).numel() == count + norms
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.copy_(parameter.half())
        initial = parameters_to_vector(network.parameters()).detach().half()
        images = (256 * inputs.uniform(8, *shape)).to(torch.uint8)
        labels = inputs.labels(8, classes)
        optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
        losses = []
        for step in range(20):
            part = slice(step % 2 * 4, step % 2 * 4 + 4)
            loss = F.cross_entropy(network(images[part].double() / 255), labels[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        logits = network.eval()(images.double() / 255)
        save("images", **{f"{name}_{key}": value for key, value in dict(
            initial=initial, images=images, labels=labels, losses=torch.stack(losses),
            weights=parameters_to_vector(network.parameters()).float(),
            statistics=statistics(network).float(), logits=logits).items()})


def main():
    make_convolutions()
    make_pools()
    make_batch_norm()
    make_trajectories()


if __name__ == "__main__":
    main()
