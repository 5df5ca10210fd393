# SPDX-License-Identifier: MIT
"""The phases of kd_benchmarks in PyTorch from Python.

Modes of the steps: eager (Adam as it comes), fused (`Adam(fused=True)`), compile (forward and loss
through torch.compile, fused Adam), compile-step (the optimizer's step compiled too).
Modes of the rest: eager, compile. Networks of images also run with channels last, in all modes but eager.
"""

import peer

OPTIONS = peer.arguments()

import torch
import torch.nn.functional as F

torch.set_num_threads(OPTIONS.threads)
NAME = f"PyTorch {torch.__version__.split('+')[0]}"


def teacher_network():
    inputs, *hidden, classes = peer.TEACHER
    layers = []
    for width in hidden:
        layers += [torch.nn.Linear(inputs, width), torch.nn.Dropout(0.5), torch.nn.ReLU()]
        inputs = width
    return torch.nn.Sequential(*layers, torch.nn.Linear(inputs, classes))


def student_network():
    inputs, *hidden, classes = peer.STUDENT
    layers = []
    for width in hidden:
        layers += [torch.nn.Linear(inputs, width), torch.nn.ReLU()]
        inputs = width
    return torch.nn.Sequential(*layers, torch.nn.Linear(inputs, classes))


def distillation_loss(logits, teacher_logits, labels):
    t = peer.TEMPERATURE
    soft = F.kl_div(
        F.log_softmax(logits / t, dim=1), F.softmax(teacher_logits / t, dim=1), reduction="batchmean"
    )
    return peer.HARD_WEIGHT * F.cross_entropy(logits, labels) + peer.SOFT_WEIGHT * t * t * soft


def float_images():
    pixels, labels = peer.images(OPTIONS.data)
    return torch.tensor(pixels).float() / 255, torch.tensor(labels)


def batches(samples):
    """Rows of every batch, shuffled anew in every epoch."""
    while True:
        yield from torch.randperm(samples).split(peer.BATCH)


class Same(torch.nn.Module):
    """A convolution behind the border of TensorFlow's SAME."""

    def __init__(self, inputs, outputs, kernel, stride=1, groups=1):
        super().__init__()
        self.layer = torch.nn.Conv2d(inputs, outputs, kernel, stride, groups=groups)

    def forward(self, x):
        border = []
        for size, kernel, stride in zip(x.shape[:1:-1], self.layer.kernel_size[::-1], self.layer.stride[::-1]):
            total = max(0, (-(-size // stride) - 1) * stride + kernel - size)
            border += [total // 2, total - total // 2]
        return self.layer(F.pad(x, border))


class Residual(torch.nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.branch = torch.nn.Sequential(
            Same(inputs, outputs, 3, stride), torch.nn.BatchNorm2d(outputs), torch.nn.ReLU(),
            Same(outputs, outputs, 3), torch.nn.BatchNorm2d(outputs)
        )  # fmt: skip
        self.shortcut = Same(inputs, outputs, 1, stride) if stride > 1 else torch.nn.Identity()

    def forward(self, x):
        return F.relu(self.branch(x) + self.shortcut(x))


def resnet8():
    return torch.nn.Sequential(
        Same(3, 16, 3), torch.nn.BatchNorm2d(16), torch.nn.ReLU(), Residual(16, 16, 1), Residual(16, 32, 2),
        Residual(32, 64, 2), torch.nn.AvgPool2d(8), torch.nn.Flatten(), torch.nn.Linear(64, 10)
    )  # fmt: skip


def ds_cnn():
    layers = [Same(1, 64, (10, 4), 2), torch.nn.BatchNorm2d(64), torch.nn.ReLU()]
    for _ in range(4):
        layers += [Same(64, 64, 3, groups=64), torch.nn.BatchNorm2d(64), torch.nn.ReLU()]
        layers += [Same(64, 64, 1), torch.nn.BatchNorm2d(64), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers, torch.nn.AvgPool2d((25, 5)), torch.nn.Flatten(), torch.nn.Linear(64, 12))


# Of networks of images: how to make one, the shape of a sample, classes.
IMAGES = {"resnet8": (resnet8, (3, 32, 32), 10), "ds_cnn": (ds_cnn, (1, 49, 10), 12)}


def image_setting(which, mode, samples):
    """A network of images, samples and labels, in the order in memory that the mode asks for."""
    make, shape, classes = IMAGES[which]
    order = torch.contiguous_format if mode == "eager" else torch.channels_last
    x = torch.empty(samples, *shape).uniform_(-1, 1).to(memory_format=order)
    return make().to(memory_format=order), x, torch.randint(classes, (samples,))


def step_of(phase, mode):
    which = phase.split("/")[1]
    if which in IMAGES:
        network, x, y = image_setting(which, mode, 1024)
    else:
        x, y = float_images()
        network = teacher_network() if which == "teacher" else student_network()
    rows_of_batches = batches(len(x))
    adam = torch.optim.Adam(network.parameters(), lr=peer.LR, fused=mode in ("fused", "compile"))
    if phase in ("step/teacher", "step/student") or which in IMAGES:

        def loss_of(inputs, labels, rows):
            return F.cross_entropy(network(inputs), labels)

    else:
        teacher = teacher_network().eval()
        for parameter in teacher.parameters():
            parameter.requires_grad_(False)
        if phase == "step/kd_cached":
            with torch.inference_mode():
                cached = torch.cat([teacher(part) for part in x.split(1000)])
            cached = cached.clone()

            def loss_of(inputs, labels, rows):
                return distillation_loss(network(inputs), cached[rows], labels)

        else:

            def loss_of(inputs, labels, rows):
                with torch.no_grad():
                    teacher_logits = teacher(inputs)
                return distillation_loss(network(inputs), teacher_logits, labels)

    update = adam.step
    if mode.startswith("compile"):
        loss_of = torch.compile(loss_of)
    if mode == "compile-step":
        update = torch.compile(adam.step)

    def step():
        rows = next(rows_of_batches)
        adam.zero_grad(set_to_none=True)
        loss_of(x[rows], y[rows], rows).backward()
        update()

    return step


def prediction_of(phase, mode):
    _, which, batch = phase.split("/")
    if which in IMAGES:
        network, x, _ = image_setting(which, mode, 1024)
    else:
        network, (x, _) = (teacher_network() if which == "teacher" else student_network()), float_images()
    network.eval()
    if mode == "compile":
        network = torch.compile(network)
    parts = [x[at : at + int(batch)] for at in peer.starts(len(x), int(batch))]
    call = 0

    def predict():
        nonlocal call
        with torch.inference_mode():
            network(parts[call % len(parts)])
        call += 1

    return predict


def loss_of_phase(phase, mode):
    classes = int(phase.split("/")[-1])
    logits = torch.empty(peer.LOSS_SAMPLES, classes).uniform_(-5, 5).requires_grad_()
    teacher_logits = torch.empty(peer.LOSS_SAMPLES, classes).uniform_(-5, 5)
    labels = torch.randint(classes, (peer.LOSS_SAMPLES,))
    loss_of = torch.compile(distillation_loss) if mode == "compile" else distillation_loss

    def loss():
        logits.grad = None
        loss_of(logits, teacher_logits, labels).backward()

    return loss


def main():
    kind = OPTIONS.phase.split("/")[0]
    make = {"step": step_of, "predict": prediction_of, "loss": loss_of_phase}[kind]
    modes = ["eager", "compile"]
    if kind == "step":
        modes = ["eager", "fused", "compile", "compile-step"]
    if OPTIONS.phase.split("/")[1] in IMAGES:
        modes.insert(1, "channels-last")
    for mode in OPTIONS.modes or modes:
        torch.manual_seed(0)
        if hasattr(torch, "compiler"):
            torch.compiler.reset()
        call = make(OPTIONS.phase, mode)
        peer.report(NAME, mode, peer.seconds_per_call(call, OPTIONS.seconds))


main()
