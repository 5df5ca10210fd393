# SPDX-License-Identifier: MIT
"""Golden values of the layers and of the losses every training run uses. README.md lists them."""

import torch
import torch.nn.functional as F

from golden import TEMPERATURES, Inputs, close, leaf, save, sweep, value_and_gradient


def kl_divergence(student, teacher, temperature):
    """T^2 times the batch mean of KL(softmax(teacher/T) || softmax(student/T))."""
    q = F.log_softmax(student / temperature, dim=1)
    p = F.log_softmax(teacher / temperature, dim=1)
    return temperature**2 * F.kl_div(q, p, reduction="batchmean", log_target=True)


def make_linear():
    inputs = Inputs(101)
    x, weight, bias = (leaf(t) for t in (inputs.normal(5, 7), inputs.normal(3, 7),
                                         inputs.normal(3)))
    dy = inputs.normal(5, 3)
    y = F.linear(x, weight, bias)
    y.backward(dy)
    close(weight.grad, dy.T @ x.detach())
    save("linear", x=x, weight=weight, bias=bias, dy=dy, y=y, dx=x.grad, dweight=weight.grad,
         dbias=bias.grad)


def make_relu():
    inputs = Inputs(102)
    x = inputs.normal(5, 7)
    x[0, :3], x[4, 6] = 0.0, -0.0
    x = leaf(x)
    dy = inputs.normal(5, 7)
    y = F.relu(x)
    y.backward(dy)
    assert (x.grad[x.detach() == 0] == 0).all()
    save("relu", x=x, dy=dy, y=y, dx=x.grad)


def make_dropout():
    inputs = Inputs(103)
    x, dy = inputs.normal(5, 7), inputs.normal(5, 7)
    save("dropout", x=x, dy=dy)
    for name, p in (("p50", 0.5), ("p20", 0.2)):
        torch.manual_seed(7)
        wet = leaf(x)
        y = F.dropout(wet, p, training=True)
        y.backward(dy)
        mask = (y != 0).to(torch.uint8)  # no input is zero, so this is the mask that was drawn
        assert 0 < mask.sum() < mask.numel()
        close(y.detach(), x * mask / (1 - p))
        save("dropout", **{f"{name}_mask": mask, f"{name}_y": y, f"{name}_dx": wet.grad})


def extreme_logits():
    """Six samples of ten logits: huge and one-hot, huge and equal, and huge with two winners."""
    z = torch.zeros(6, 10, dtype=torch.float64)
    z[0] = -1e4
    z[0, 3] = 1e4
    z[1] = 1e4
    z[2] = -1e4
    z[3, 0], z[3, 9] = 1e4, -1e4
    z[4] = -1e4
    z[4, 2] = z[4, 7] = 1e4
    z[5, 5] = 1e4
    return z


def make_cross_entropy():
    inputs = Inputs(104)
    logits, labels = inputs.normal(6, 10, scale=3), inputs.labels(6, 10)
    value, gradient = value_and_gradient(lambda z: F.cross_entropy(z, labels), logits)
    save("cross_entropy", random_logits=logits, random_labels=labels, random_value=value,
         random_gradient=gradient)
    logits = extreme_logits()
    labels = torch.tensor([3, 0, 9, 9, 7, 4])
    value, gradient = value_and_gradient(lambda z: F.cross_entropy(z, labels), logits)
    save("cross_entropy", extreme_logits=logits, extreme_labels=labels, extreme_value=value,
         extreme_gradient=gradient)


def make_kl_divergence():
    inputs = Inputs(105)
    student, teacher = inputs.normal(6, 10, scale=3), inputs.normal(6, 10, scale=3)
    spike = torch.full((6, 10), -1e4, dtype=torch.float64)  # a teacher that is one-hot at any T
    spike[torch.arange(6), inputs.labels(6, 10)] = 1e4
    cases = {"random": (student, teacher), "one_hot_teacher": (student, spike),
             "extreme": (extreme_logits(), extreme_logits().flip(0)), "equal": (student, student)}
    save("kl_divergence", temperatures=TEMPERATURES)
    for name, (z, v) in cases.items():
        values, gradients = sweep(lambda q, t, v=v: kl_divergence(q, v, t), z, TEMPERATURES)
        for t, gradient in zip(TEMPERATURES, gradients):
            close(gradient, t / 6 * (F.softmax(z / t, 1) - F.softmax(v / t, 1)))
        assert (values > -1e-12).all()
        save("kl_divergence", **{f"{name}_student": z, f"{name}_teacher": v,
                                 f"{name}_value": values, f"{name}_gradient": gradients})


def make_soft_targets():
    inputs = Inputs(106)
    student, teacher = inputs.normal(6, 10, scale=3), inputs.normal(6, 10, scale=3)
    labels = inputs.labels(6, 10)
    settings = [(hard, soft, t) for hard in (0.0, 0.3, 1.0) for soft in (1.0, 0.7, 0.0)
                for t in TEMPERATURES]

    def total(z, setting):
        hard_weight, soft_weight, t = setting
        return hard_weight * F.cross_entropy(z, labels) + soft_weight * kl_divergence(z, teacher, t)

    values, gradients = sweep(total, student, settings)
    save("soft_targets", student=student, teacher=teacher, labels=labels, settings=settings,
         value=values, gradient=gradients, hard_value=F.cross_entropy(student, labels),
         soft_value=torch.stack([kl_divergence(student, teacher, t) for _, _, t in settings]))


def make_mse():
    inputs = Inputs(107)
    prediction, target = inputs.normal(6, 8), inputs.normal(6, 8)
    value, gradient = value_and_gradient(lambda x: F.mse_loss(x, target), prediction)
    save("mse", prediction=prediction, target=target, value=value, gradient=gradient)


def make_weighted():
    inputs = Inputs(109)
    x, weight, bias = inputs.normal(6, 3), inputs.normal(10, 3), inputs.normal(10)
    x = x.float().double()  # data sets hold floats
    targets = inputs.normal(6, 10).float().double()
    labels = inputs.labels(6, 10)
    labels[2] = -1
    classes = torch.tensor([0.5, 2, 1, 8, 0.25, 0, 3, 1.5, 4, 0.125], dtype=torch.float64)
    samples = torch.tensor([1, 0.25, 3, 0.5, 0, 2], dtype=torch.float64)
    save("weighted", x=x, weight=weight, bias=bias, targets=targets, labels=labels,
         class_weights=classes, sample_weights=samples)

    def ignoring(z):
        return F.cross_entropy(z, labels, ignore_index=-1)

    def by_class(z):
        return F.cross_entropy(z, labels, weight=classes, ignore_index=-1)

    def by_sample(z):
        each = F.cross_entropy(z, labels, ignore_index=-1, reduction="none")
        return (samples * each).sum() / samples[labels != -1].sum()

    def by_both(z):
        each = F.cross_entropy(z, labels, weight=classes, ignore_index=-1, reduction="none")
        counted = labels != -1
        return (samples * each).sum() / (samples * classes[labels])[counted].sum()

    def squares(z):
        each = F.mse_loss(z, targets, reduction="none").mean(1)
        return (samples * each).sum() / samples.sum()

    for name, loss in (("ignored", ignoring), ("class", by_class), ("sample", by_sample),
                       ("both", by_both), ("mse", squares)):
        w, b = leaf(weight), leaf(bias)
        z = F.linear(x, w, b)
        z.retain_grad()
        value = loss(z)
        value.backward()
        save("weighted", **{f"{name}_value": value, f"{name}_gradient": z.grad,
                            f"{name}_dweight": w.grad, f"{name}_dbias": b.grad})


def main():
    make_linear()
    make_relu()
    make_dropout()
    make_cross_entropy()
    make_kl_divergence()
    make_soft_targets()
    make_mse()
    make_weighted()


if __name__ == "__main__":
    main()
