# SPDX-License-Identifier: MIT
"""The phases of kd_benchmarks in PyTorch from Python.

Modes of the steps: eager (Adam as it comes), fused (`Adam(fused=True)`), compile (forward and loss
through torch.compile, fused Adam), compile-step (the optimizer's step compiled too).
Modes of the rest: eager, compile.
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


def step_of(phase, mode):
    x, y = float_images()
    rows_of_batches = batches(len(x))
    network = teacher_network() if phase == "step/teacher" else student_network()
    adam = torch.optim.Adam(network.parameters(), lr=peer.LR, fused=mode in ("fused", "compile"))
    if phase in ("step/teacher", "step/student"):

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
    network = (teacher_network() if which == "teacher" else student_network()).eval()
    if mode == "compile":
        network = torch.compile(network)
    x, _ = float_images()
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
    for mode in OPTIONS.modes or modes:
        torch.manual_seed(0)
        torch.compiler.reset()
        call = make(OPTIONS.phase, mode)
        peer.report(NAME, mode, peer.seconds_per_call(call, OPTIONS.seconds))


main()
