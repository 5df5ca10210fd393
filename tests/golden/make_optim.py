# SPDX-License-Identifier: MIT
"""Golden values of the optimizers and the learning-rate schedules. README.md lists them."""

import torch
from torch.optim import lr_scheduler

from golden import Inputs, close, save

RATE = 1e-2
OPTIMIZERS = {
    "adam": lambda p: torch.optim.Adam(p, lr=RATE),
    "adamw": lambda p: torch.optim.AdamW(p, lr=RATE, weight_decay=0.01),
    "sgd": lambda p: torch.optim.SGD(p, lr=RATE),
    "sgd_momentum": lambda p: torch.optim.SGD(p, lr=RATE, momentum=0.9),
    "sgd_nesterov": lambda p: torch.optim.SGD(p, lr=RATE, momentum=0.9, nesterov=True),
    "sgd_weight_decay": lambda p: torch.optim.SGD(p, lr=RATE, momentum=0.9, weight_decay=0.01),
}


def make_optimizers():
    inputs = Inputs(201)
    initial = inputs.normal(13)
    # Each parameter has gradients of its own size, 1e-6 to 1e6; the last one's are all zero.
    sizes = torch.cat([torch.logspace(-6, 6, 12, dtype=torch.float64), torch.zeros(1)])
    gradients = inputs.normal(20, 13) * sizes
    save("optim", initial=initial, gradients=gradients)
    for name, make in OPTIMIZERS.items():
        parameter = torch.nn.Parameter(initial.clone())
        optimizer = make([parameter])
        after = []
        for gradient in gradients:
            parameter.grad = gradient.clone()
            optimizer.step()
            after.append(parameter.detach().clone())
        save("optim", **{f"{name}_parameters": after})
        if name == "adam":
            assert after[-1][-1] == initial[-1]


def make_max_norm():
    """Three units of four weights and a bias, which is free; SGD with momentum moves them."""
    bound = 2.5
    inputs = Inputs(203)
    initial = inputs.normal(13)
    gradients = inputs.normal(20, 13, scale=30)
    save("optim", max_norm_initial=initial, max_norm_gradients=gradients)
    parameter = torch.nn.Parameter(initial.clone())
    optimizer = OPTIMIZERS["sgd_momentum"]([parameter])
    after = []
    for gradient in gradients:
        parameter.grad = gradient.clone()
        optimizer.step()
        with torch.no_grad():
            units = parameter[:12].view(3, 4)
            theirs = torch.renorm(units, p=2, dim=0, maxnorm=bound)  # it adds 1e-7 to each norm
            units *= (bound / units.norm(dim=1, keepdim=True)).clamp(max=1)
            close(units, theirs, 1e-6)
        after.append(parameter.detach().clone())
    lengths = torch.stack(after)[:, :12].view(20, 3, 4).norm(dim=2)
    assert (lengths > bound - 1e-9).any() and (lengths < bound - 0.1).any()
    save("optim", max_norm_parameters=after)


def make_clip_grad_norm():
    gradient = Inputs(202).normal(13, scale=3)
    save("clip_grad_norm", gradient=gradient, norm=gradient.norm())
    for name, bound in (("clipped", 1.0), ("kept", 1e3)):
        parameter = torch.nn.Parameter(torch.zeros(13, dtype=torch.float64))
        parameter.grad = gradient.clone()
        close(torch.nn.utils.clip_grad_norm_([parameter], bound), gradient.norm())
        save("clip_grad_norm", **{name: parameter.grad})


def factors(make_schedule, steps=30):
    """The factor on the learning rate at steps 0, 1, ..., with a rate of one."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = make_schedule(optimizer)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return torch.tensor(rates, dtype=torch.float64)


def make_schedules():
    def warmup_cosine(optimizer):
        # The first step already learns: (t + 1) / 5 for t < 5, then the cosine over the other 25.
        warmup = lr_scheduler.LinearLR(optimizer, start_factor=1 / 5, total_iters=4)
        cosine = lr_scheduler.CosineAnnealingLR(optimizer, T_max=25)
        return lr_scheduler.SequentialLR(optimizer, [warmup, cosine], milestones=[5])

    t = torch.arange(30, dtype=torch.float64)
    step = factors(lambda o: lr_scheduler.StepLR(o, step_size=10, gamma=0.5))
    close(step, 0.5 ** (t // 10))
    cosine = factors(lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=30))
    close(cosine, (1 + torch.cos(torch.pi * t / 30)) / 2)
    floor = factors(lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=30, eta_min=0.1))
    close(floor, 0.1 + 0.9 * (1 + torch.cos(torch.pi * t / 30)) / 2)
    warm = factors(warmup_cosine)
    close(warm, torch.where(t < 5, (t + 1) / 5, (1 + torch.cos(torch.pi * (t - 5) / 25)) / 2))
    save("schedule", step=step, cosine=cosine, cosine_floor=floor, warmup_cosine=warm)


def main():
    make_optimizers()
    make_max_norm()
    make_clip_grad_norm()
    make_schedules()


if __name__ == "__main__":
    main()
