# SPDX-License-Identifier: MIT
"""Times in PyTorch the steps that steps.cu times in kd: same networks, batches and losses.

Eager, and captured in a CUDA graph where the step allows it. Inputs are on the device already.
"""
import time

import torch
from torch import nn
from torch.nn import functional as F

STEPS = 400


def teacher():
    return nn.Sequential(
        nn.Linear(784, 1200), nn.Dropout(0.5), nn.ReLU(),
        nn.Linear(1200, 1200), nn.Dropout(0.5), nn.ReLU(), nn.Linear(1200, 10)).cuda()


def student():
    return nn.Sequential(nn.Linear(784, 20), nn.ReLU(), nn.Linear(20, 20), nn.ReLU(),
                         nn.Linear(20, 10)).cuda()


def soft_targets(z, v, y, temperature=4.0, hard=0.1, soft=0.9):
    kl = F.kl_div(F.log_softmax(z / temperature, 1), F.softmax(v / temperature, 1),
                  reduction="batchmean")
    return hard * F.cross_entropy(z, y) + soft * temperature**2 * kl


def least_microseconds(step):
    best = float("inf")
    for epoch in range(4):
        torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(STEPS):
            step()
        torch.cuda.synchronize()
        if epoch > 0:
            best = min(best, 1e6 * (time.perf_counter() - start) / STEPS)
    return best


def captured(step):
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def report(products, batch, what, network, loss):
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4, fused=True, capturable=True)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss().backward()
        optimizer.step()

    for how, run in (("eager", lambda: step), ("captured", lambda: captured(step))):
        print(f"{products:8} batch {batch:5}  {how:11} {what:26} "
              f"{least_microseconds(run()):9.2f} us a step (PyTorch {torch.__version__})")


def main():
    if not torch.cuda.is_available():
        print("PyTorch finds no CUDA device: nothing was timed.")
        return
    for products in ("float32", "tf32"):
        torch.backends.cuda.matmul.allow_tf32 = products == "tf32"
        for batch in (32, 128, 1024):
            x = torch.rand(batch, 784, device="cuda")
            y = torch.randint(10, (batch,), device="cuda")
            v = torch.randn(batch, 10, device="cuda")
            t, s = teacher(), student()
            frozen = teacher().eval().requires_grad_(False)
            report(products, batch, "teacher", t, lambda: F.cross_entropy(t(x), y))
            report(products, batch, "student alone", s, lambda: F.cross_entropy(s(x), y))
            report(products, batch, "distilled, cached teacher", s,
                   lambda: soft_targets(s(x), v, y))
            report(products, batch, "distilled, live teacher", s,
                   lambda: soft_targets(s(x), frozen(x), y))


if __name__ == "__main__":
    main()
