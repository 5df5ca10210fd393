# SPDX-License-Identifier: MIT
"""What `mnist_distill --recipe article` does, in eager PyTorch: a teacher, a student alone and a
student distilled, each tested after every epoch.

`--loader tensor` takes batches from one tensor in memory, PyTorch's cheapest way; `--loader
dataloader` is what tutorials do.
"""

import argparse
import json

import torch
import torch.nn.functional as F

import peer


def network(widths, dropout):
    layers = []
    for i, (fan_in, fan_out) in enumerate(zip(widths, widths[1:])):
        layers.append(torch.nn.Linear(fan_in, fan_out))
        if i + 2 < len(widths):
            layers += [torch.nn.Dropout(0.5)] if dropout else []
            layers.append(torch.nn.ReLU())
    return torch.nn.Sequential(*layers)


def tensors(folder, split):
    pixels, labels = peer.images(folder, split)
    return torch.tensor(pixels).float() / 255, torch.tensor(labels)


class TensorLoader:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __iter__(self):
        for rows in torch.randperm(len(self.x)).split(peer.BATCH):
            yield self.x[rows], self.y[rows]


def train(model, loader, test, loss_of, epochs):
    adam = torch.optim.Adam(model.parameters(), lr=peer.LR)
    errors = []
    for _ in range(epochs):
        model.train()
        for x, y in loader:
            adam.zero_grad()
            loss_of(model(x), x, y).backward()
            adam.step()
        model.eval()
        with torch.inference_mode():
            errors.append(int((model(test[0]).argmax(1) != test[1]).sum()))
    return errors


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--loader", choices=["tensor", "dataloader"], default="tensor")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    x, y = tensors(options.data, "train")
    test = tensors(options.data, "t10k")
    loader = TensorLoader(x, y)
    if options.loader == "dataloader":
        pairs = torch.utils.data.TensorDataset(x, y)
        loader = torch.utils.data.DataLoader(pairs, peer.BATCH, shuffle=True)

    teacher = network(peer.TEACHER, dropout=True)
    hard = lambda logits, x, y: F.cross_entropy(logits, y)
    results = {"teacher": train(teacher, loader, test, hard, 6)}
    results["student_alone"] = train(network(peer.STUDENT, dropout=False), loader, test, hard, 6)

    def distillation(logits, x, y):
        t = peer.TEMPERATURE
        with torch.no_grad():
            teacher_logits = teacher(x)
        soft = F.kl_div(
            F.log_softmax(logits / t, 1), F.softmax(teacher_logits / t, 1), reduction="batchmean"
        )
        return peer.HARD_WEIGHT * F.cross_entropy(logits, y) + peer.SOFT_WEIGHT * t * t * soft

    student = network(peer.STUDENT, dropout=False)
    results["student_distilled"] = train(student, loader, test, distillation, 5)
    print(json.dumps(results))


main()
