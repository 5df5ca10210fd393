# SPDX-License-Identifier: MIT
"""Golden values of the methods on hidden features. README.md gives the formulas."""

import math

import torch
import torch.nn.functional as F

from golden import Inputs, close, leaf, save, value_and_gradient

B, STUDENT, TEACHER = 6, 5, 8


def features(seed):
    inputs = Inputs(seed)
    return inputs, inputs.normal(B, STUDENT), inputs.normal(B, TEACHER)


def save_trained(topic, value, inputs, **gradients):
    """Backpropagates value and saves it with the inputs and with each leaf's gradient."""
    value.backward()
    save(topic, value=value, **inputs, **{f"d{name}": x.grad for name, x in gradients.items()})


def make_hint():
    inputs, student, teacher = features(501)
    student, weight, bias = leaf(student), leaf(inputs.normal(TEACHER, STUDENT)), leaf(
        inputs.normal(TEACHER))
    value = (F.linear(student, weight, bias) - teacher).square().mean()
    save_trained("hint", value,
                 dict(student=student, teacher=teacher, weight=weight, bias=bias),
                 student=student, weight=weight, bias=bias)


# --- Similarity preserving (SP) ------------------------------------------------------------------

def similarity_preserving(student, teacher):
    rows = [F.normalize(f @ f.T, p=2, dim=1) for f in (student, teacher)]
    return (rows[0] - rows[1]).square().sum() / B**2


def make_similarity():
    _, student, teacher = features(502)
    value, gradient = value_and_gradient(lambda f: similarity_preserving(f, teacher), student)
    close(similarity_preserving(3 * teacher, teacher), 0.0)  # the scale of the features drops out
    save("similarity_preserving", student=student, teacher=teacher, value=value,
         gradient=gradient)


# --- Relational (RKD) ----------------------------------------------------------------------------

def distances(f):
    """Distances over the mean distance of two different samples; zeros on the diagonal."""
    other = ~torch.eye(len(f), dtype=torch.bool)
    squared = (f[:, None] - f[None]).square().sum(dim=2)
    between = squared[other].clamp(min=1e-12).sqrt()
    return torch.zeros_like(squared).masked_scatter(other, between / between.mean())


def angles(f):
    """a[i, j, k] = the cosine at sample i between the edges to j and to k; 0 where i is j or k."""
    edges = F.normalize(f[None] - f[:, None], p=2, dim=2)
    return edges @ edges.transpose(1, 2)


def relational_distance(student, teacher):
    return F.smooth_l1_loss(distances(student), distances(teacher))


def relational_angle(student, teacher):
    return F.smooth_l1_loss(angles(student), angles(teacher))


def make_relational():
    _, student, teacher = features(503)
    # Far enough apart for the linear part of the smooth L1 to be met.
    student = student * torch.tensor([4.0, 1, 1, 1, 0.2, 0.2], dtype=torch.float64)[:, None]
    assert ((distances(student) - distances(teacher)).abs() > 1).any()
    assert ((angles(student) - angles(teacher)).abs() > 1).any()
    distance, distance_gradient = value_and_gradient(lambda f: relational_distance(f, teacher),
                                                     student)
    angle, angle_gradient = value_and_gradient(lambda f: relational_angle(f, teacher), student)
    rotation = torch.linalg.qr(Inputs(504).normal(TEACHER, TEACHER)).Q
    moved = 2 * teacher @ rotation + 1  # both terms are blind to similarity transforms
    close(relational_distance(moved, teacher), 0.0)
    close(relational_angle(moved, teacher), 0.0)
    close(distances(student)[1, 2], (student[1] - student[2]).norm() / (
        sum((a - b).norm() for a in student for b in student) / (B * (B - 1))))
    save("relational", student=student, teacher=teacher, distance_value=distance,
         distance_gradient=distance_gradient, angle_value=angle, angle_gradient=angle_gradient,
         value=25 * distance + 50 * angle,
         gradient=25 * distance_gradient + 50 * angle_gradient)


# --- Probabilistic transfer (PKT) ----------------------------------------------------------------

def probabilistic_transfer(student, teacher, eps=1e-7):
    def affinities(f):
        f = f / (f.norm(dim=1, keepdim=True) + eps)
        similar = (f @ f.T + 1) / 2
        return similar / similar.sum(dim=1, keepdim=True)

    t, s = affinities(teacher), affinities(student)
    return (t * torch.log((t + eps) / (s + eps))).mean()


def make_probabilistic():
    _, student, teacher = features(505)
    value, gradient = value_and_gradient(lambda f: probabilistic_transfer(f, teacher), student)
    assert probabilistic_transfer(teacher, teacher) == 0
    save("probabilistic_transfer", student=student, teacher=teacher, value=value,
         gradient=gradient)


# --- Variational transfer (VID) ------------------------------------------------------------------

def make_variational():
    inputs, student, teacher = features(506)
    eps = 1e-5
    student, weight, bias = leaf(student), leaf(inputs.normal(TEACHER, STUDENT)), leaf(
        inputs.normal(TEACHER))
    initial = math.log(math.exp(5.0 - eps) - 1)  # where every variance is 5
    scale = leaf(initial + inputs.normal(TEACHER, scale=2))
    variance = F.softplus(scale) + eps
    close(F.softplus(torch.tensor(initial, dtype=torch.float64)) + eps, 5.0)
    error = F.linear(student, weight, bias) - teacher
    value = 0.5 * (error.square() / variance + variance.log()).mean()
    close(value, F.gaussian_nll_loss(error, torch.zeros_like(error), variance.expand_as(error)))
    save_trained("variational", value,
                 dict(student=student, teacher=teacher, weight=weight, bias=bias, scale=scale,
                      initial_scale=torch.tensor(initial, dtype=torch.float64)),
                 student=student, weight=weight, bias=bias, scale=scale)


# --- Contrastive (CRD) ---------------------------------------------------------------------------

SAMPLES, WIDTH, NEGATIVES, TAU, MOMENTUM = 20, 4, 5, 0.07, 0.5


def contrast(anchors, bank, indices, normaliser):
    """-(1/B) sum_i [log h(i, its own) + sum over negatives of log(1 - h)] for given anchors."""
    score = torch.einsum("bd,bkd->bk", anchors, bank[indices]) / TAU
    odds = score - math.log(normaliser) - math.log(NEGATIVES / SAMPLES)  # h = sigmoid(odds)
    return -(F.logsigmoid(odds[:, 0]).sum() + F.logsigmoid(-odds[:, 1:]).sum()) / B


def moved_bank(bank, own, embedded):
    bank = bank.clone()
    bank[own] = F.normalize(MOMENTUM * bank[own] + (1 - MOMENTUM) * embedded.detach(), dim=1)
    return bank


def make_contrastive():
    inputs, student_data, teacher = features(507)
    start = dict(student_weight=inputs.normal(WIDTH, STUDENT), student_bias=inputs.normal(WIDTH),
                 teacher_weight=inputs.normal(WIDTH, TEACHER), teacher_bias=inputs.normal(WIDTH))
    student_bank = F.normalize(inputs.normal(SAMPLES, WIDTH), dim=1)
    teacher_bank = F.normalize(inputs.normal(SAMPLES, WIDTH), dim=1)
    own = inputs.distinct(B, SAMPLES)
    negatives = torch.stack([inputs.distinct(NEGATIVES, SAMPLES - 1) for _ in range(B)])
    negatives = negatives + (negatives >= own[:, None])  # never the sample itself
    indices = torch.cat([own[:, None], negatives], dim=1)
    save("contrastive", student=student_data, teacher=teacher, student_bank=student_bank,
         teacher_bank=teacher_bank, indices=indices, **start)
    for case in ("paper", "code"):
        weights = {name: leaf(x) for name, x in start.items()}
        student = leaf(student_data)
        s = F.normalize(F.linear(student, weights["student_weight"], weights["student_bias"]),
                        dim=1)
        t = F.normalize(F.linear(teacher, weights["teacher_weight"], weights["teacher_bias"]),
                        dim=1)
        normalisers = [1.0, 1.0]
        if case == "code":
            normalisers = [
                SAMPLES * torch.exp(torch.einsum("bd,bkd->bk", anchors.detach(), bank[indices])
                                    / TAU).mean().item()
                for anchors, bank in ((s, teacher_bank), (t, student_bank))]
        student_value = contrast(s, teacher_bank, indices, normalisers[0])
        teacher_value = contrast(t, student_bank, indices, normalisers[1])
        value = student_value + teacher_value
        value.backward()
        # The definition word for word, where the sigmoid's form above might have slipped
        g = torch.exp(torch.einsum("bd,bkd->bk", s, teacher_bank[indices]) / TAU) / normalisers[0]
        h = g / (g + NEGATIVES / SAMPLES)
        close(student_value, -(h[:, 0].log().sum() + (1 - h[:, 1:]).log().sum()) / B, 1e-9)
        save("contrastive", **{
            f"{case}_value": value, f"{case}_student_value": student_value,
            f"{case}_teacher_value": teacher_value, f"{case}_normalisers": normalisers,
            f"{case}_dstudent": student.grad,
            **{f"{case}_d{name}": x.grad for name, x in weights.items()}})
    save("contrastive", student_bank_after=moved_bank(student_bank, own, s),
         teacher_bank_after=moved_bank(teacher_bank, own, t))


def make_factor_cosine():
    inputs = Inputs(508)
    student, teacher = inputs.normal(B, TEACHER), inputs.normal(B, TEACHER)
    value, gradient = value_and_gradient(
        lambda f: 1 - F.cosine_similarity(f, teacher, dim=1, eps=1e-8).mean(), student)
    close((gradient * student).sum(dim=1), torch.zeros(B))  # a longer vector costs nothing
    save("factor_cosine", student=student, teacher=teacher, value=value, gradient=gradient)


def main():
    make_hint()
    make_similarity()
    make_relational()
    make_probabilistic()
    make_variational()
    make_contrastive()
    make_factor_cosine()


if __name__ == "__main__":
    main()
