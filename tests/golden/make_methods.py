# SPDX-License-Identifier: MIT
"""Golden values of the methods on logits, and of the ensembles. README.md gives the formulas."""

import math

import torch
import torch.nn.functional as F

from golden import Inputs, close, leaf, save, sweep, value_and_gradient
from make_core import extreme_logits, kl_divergence

B, C = 6, 10


def logits(seed):
    inputs = Inputs(seed)
    return (inputs.normal(B, C, scale=3), inputs.normal(B, C, scale=3), inputs.labels(B, C))


def log_softmax(z, temperature):
    return F.log_softmax(z / temperature, dim=1)


def kl(log_p, log_q):
    """Batch mean of KL(p || q)."""
    return (log_p.exp() * (log_p - log_q)).sum(dim=1).mean()


def without(x, labels):
    """The columns that are not the sample's own class: (B, C - 1)."""
    return x[F.one_hot(labels, x.shape[1]) == 0].reshape(len(x), -1)


# --- Decoupled (DKD) -----------------------------------------------------------------------------

def decoupled_parts(z, v, labels, temperature):
    """T^2 times the batch means of the target-class and the non-target-class divergence."""

    def split(x):
        x = x / temperature
        total, others = torch.logsumexp(x, 1), torch.logsumexp(without(x, labels), 1)
        target = x.gather(1, labels[:, None]).squeeze(1)
        binary = torch.stack([target - total, others - total], dim=1)
        return binary, without(x, labels) - others[:, None]

    (p_binary, p_others), (q_binary, q_others) = split(v), split(z)
    return temperature**2 * kl(p_binary, q_binary), temperature**2 * kl(p_others, q_others)


def decoupled(z, v, labels, temperature=4.0, target_weight=1.0, non_target_weight=8.0):
    target, others = decoupled_parts(z, v, labels, temperature)
    return target_weight * target + non_target_weight * others


def make_decoupled():
    z, v, labels = logits(401)
    cases = {"random": (z, v, labels),
             "extreme": (extreme_logits(), extreme_logits().flip(0), torch.arange(B))}
    for name, (student, teacher, y) in cases.items():
        value, gradient = value_and_gradient(lambda x: decoupled(x, teacher, y), student)
        target, others = decoupled_parts(student, teacher, y, 4.0)
        save("decoupled", **{
            f"{name}_student": student, f"{name}_teacher": teacher, f"{name}_labels": y,
            f"{name}_value": value, f"{name}_gradient": gradient, f"{name}_target_value": target,
            f"{name}_non_target_value": others})
    # KD = TCKD + (1 - p_t) NCKD, sample by sample
    for i in range(B):
        row = slice(i, i + 1)
        target, others = decoupled_parts(z[row], v[row], labels[row], 4.0)
        p_target = log_softmax(v[row], 4.0)[0, labels[i]].exp()
        close(target + (1 - p_target) * others, kl_divergence(z[row], v[row], 4.0))


# --- Logit standardisation (LSKD) ----------------------------------------------------------------

def standardize(z):
    mean, deviation = z.mean(dim=1, keepdim=True), z.std(dim=1, keepdim=True, correction=1)
    return (z - mean) / (deviation + 1e-7)


def make_standardized():
    z, v, labels = logits(402)
    value, gradient = value_and_gradient(
        lambda x: kl_divergence(standardize(x), standardize(v), 2.0), z)
    wrapped, wrapped_gradient = value_and_gradient(
        lambda x: decoupled(standardize(x), standardize(v), labels, 2.0), z)
    close(kl_divergence(standardize(3 * z + 5), standardize(v), 2.0), value, 1e-6)
    save("logit_standardization", student=z, teacher=v, labels=labels, kd_value=value,
         kd_gradient=gradient, dkd_value=wrapped, dkd_gradient=wrapped_gradient)


# --- Correlation (DIST) --------------------------------------------------------------------------

def correlation(a, b):
    """Pearson's correlation of each row of a with the same row of b."""
    a, b = a - a.mean(dim=1, keepdim=True), b - b.mean(dim=1, keepdim=True)
    return (a * b).sum(dim=1) / (a.norm(dim=1) * b.norm(dim=1) + 1e-8)


def correlation_parts(z, v, temperature):
    q, p = F.softmax(z / temperature, dim=1), F.softmax(v / temperature, dim=1)
    return (temperature**2 * (1 - correlation(q, p).mean()),
            temperature**2 * (1 - correlation(q.T, p.T).mean()))


def make_correlation():
    z, v, _ = logits(403)
    temperatures = [1.0, 4.0]
    value, gradient = sweep(lambda x, t: sum(correlation_parts(x, v, t)), z, temperatures)
    parts = [correlation_parts(z, v, t) for t in temperatures]
    close(correlation(z, 2.5 * z + 7), torch.ones(B), 1e-7)
    save("correlation", student=z, teacher=v, temperatures=temperatures, value=value,
         gradient=gradient, rows_value=[p[0] for p in parts], columns_value=[p[1] for p in parts])


# --- Other divergences ---------------------------------------------------------------------------

def reverse_kl(z, v, temperature):
    return temperature**2 * kl(log_softmax(z, temperature), log_softmax(v, temperature))


def jsd(z, v, temperature, beta):
    log_p, log_q = log_softmax(v, temperature), log_softmax(z, temperature)
    log_m = torch.logaddexp(math.log(beta) + log_p, math.log(1 - beta) + log_q)
    return temperature**2 * (beta * kl(log_p, log_m) + (1 - beta) * kl(log_q, log_m))


def make_divergences():
    z, v, _ = logits(404)
    betas = [0.1, 0.5, 0.9]
    cases = {"random": (z, v), "extreme": (extreme_logits(), extreme_logits().flip(0))}
    for name, (student, teacher) in cases.items():
        value, gradient = value_and_gradient(lambda x: reverse_kl(x, teacher, 2.0), student)
        log_p, log_q = log_softmax(teacher, 2.0), log_softmax(student, 2.0)
        gap = log_q - log_p
        close(gradient, 2 / B * log_q.exp() * (gap - (log_q.exp() * gap).sum(1, keepdim=True)))
        save("reverse_kl", **{f"{name}_student": student, f"{name}_teacher": teacher,
                              f"{name}_value": value, f"{name}_gradient": gradient})
        value, gradient = sweep(lambda x, beta: jsd(x, teacher, 2.0, beta), student, betas)
        for beta, found in zip(betas, gradient):
            log_m = (beta * log_p.exp() + (1 - beta) * log_q.exp()).clamp(min=1e-300).log()
            gap = torch.where(log_q > -600, log_q - log_m, 0.0)  # below that q is zero
            close(found, 2 / B * (1 - beta) * log_q.exp()
                  * (gap - (log_q.exp() * gap).sum(1, keepdim=True)))
        save("jsd", **{f"{name}_student": student, f"{name}_teacher": teacher,
                       f"{name}_value": value, f"{name}_gradient": gradient})
    save("jsd", betas=betas)
    close(jsd(z, v, 2.0, 0.5), jsd(v, z, 2.0, 0.5))
    close(reverse_kl(z, v, 2.0), kl_divergence(v, z, 2.0))
    # At the ends of beta the divergence goes to zero like beta and 1 - beta; over that, it is KL.
    close(jsd(z, v, 2.0, 1e-7) / 1e-7, kl_divergence(z, v, 2.0), 1e-5)
    close(jsd(z, v, 2.0, 1 - 1e-7) / 1e-7, reverse_kl(z, v, 2.0), 1e-5)


# --- Normalised (NKD) ----------------------------------------------------------------------------

def nkd_parts(z, v, labels, temperature):
    """-p_y log q_y at T = 1, and T^2 times the cross-entropy among the other classes."""
    own = labels[:, None]
    target = -(log_softmax(v, 1.0).gather(1, own).exp() * log_softmax(z, 1.0).gather(1, own)).mean()
    p, log_q = F.softmax(without(v, labels) / temperature, 1), log_softmax(without(z, labels),
                                                                           temperature)
    return target, -temperature**2 * (p * log_q).sum(dim=1).mean()


def make_nkd():
    z, v, labels = logits(412)
    temperatures = [1.0, 4.0]
    cases = {"random": (z, v, labels),
             "extreme": (extreme_logits(), extreme_logits().flip(0), torch.arange(B))}
    for name, (student, teacher, y) in cases.items():
        value, gradient = sweep(
            lambda x, t: sum(w * part for w, part in zip((1.0, 1.5), nkd_parts(x, teacher, y, t))),
            student, temperatures)
        parts = [nkd_parts(student, teacher, y, t) for t in temperatures]
        save("nkd", **{
            f"{name}_student": student, f"{name}_teacher": teacher, f"{name}_labels": y,
            f"{name}_value": value, f"{name}_gradient": gradient,
            f"{name}_target_value": [p[0] for p in parts],
            f"{name}_non_target_value": [p[1] for p in parts]})
    save("nkd", temperatures=temperatures)
    # Among the others it is DKD's divergence and the teacher's entropy.
    p = F.softmax(without(v, labels) / 4.0, 1)
    close(nkd_parts(z, v, labels, 4.0)[1],
          decoupled_parts(z, v, labels, 4.0)[1] - 16 * (p * p.log()).sum(1).mean())


# --- Transformed teacher (TTM, WTTM) -------------------------------------------------------------

def wttm(z, v, power, weighted):
    """p to a power, over the sum of its powers, which is also what samples count."""
    powers = power * log_softmax(v, 1.0)
    log_sum = torch.logsumexp(powers, dim=1, keepdim=True)
    log_p, log_q = powers - log_sum, log_softmax(z, 1.0)
    divergence = (log_p.exp() * (log_p - log_q)).sum(dim=1)
    return (log_sum[:, 0].exp() * divergence if weighted else divergence).mean()


def make_wttm():
    z, v, _ = logits(413)
    temperatures = [0.5, 1.0, 5.0, 20.0]
    cases = {"random": (z, v), "extreme": (extreme_logits(), extreme_logits().flip(0))}
    for name, (student, teacher) in cases.items():
        save("wttm", **{f"{name}_student": student, f"{name}_teacher": teacher})
        for kind, weighted in (("ttm", False), ("wttm", True)):
            value, gradient = sweep(lambda x, t: wttm(x, teacher, 1 / t, weighted), student,
                                    temperatures)
            save("wttm", **{f"{name}_{kind}_value": value, f"{name}_{kind}_gradient": gradient})
    save("wttm", temperatures=temperatures)
    close(wttm(z, v, 1.0, True), kl_divergence(z, v, 1.0))
    close(wttm(z, v, 0.2, False),
          kl(log_softmax(v, 5.0), log_softmax(z, 1.0)))  # a power is a temperature


# --- Refined logits (RLD) ------------------------------------------------------------------------

def refined_parts(z, v, labels, own_temperature, temperature):
    """Sample by sample: the teacher's largest class beside y, and the classes below y."""
    own, others = [], []
    for z_b, v_b, y in zip(z, v, labels):

        def binary(x, c):
            x = x / own_temperature
            rest = torch.logsumexp(x[torch.arange(C) != c], 0)
            return torch.stack([x[c], rest]) - torch.logsumexp(x, 0)

        own.append(kl(binary(v_b, v_b.argmax())[None], binary(z_b, y)[None]))
        below = v_b < v_b[y]
        if below.any():
            others.append(kl(log_softmax(v_b[below][None], temperature),
                             log_softmax(z_b[below][None], temperature)))
        else:
            others.append(0 * z_b.sum())
    return (own_temperature**2 * torch.stack(own).mean(),
            temperature**2 * torch.stack(others).mean())


def make_refined():
    z, v, labels = logits(414)
    labels[0], labels[1] = v[0].argmax(), v[1].argmin()  # nothing masked but y, and everything
    v[2, (labels[2] + 1) % C] = v[2, labels[2]]  # as likely as y: masked
    cases = {"random": (z, v, labels),
             "extreme": (extreme_logits(), extreme_logits().flip(0), torch.arange(B))}
    for name, (student, teacher, y) in cases.items():
        value, gradient = value_and_gradient(
            lambda x: sum(w * p for w, p in zip((1, 8), refined_parts(x, teacher, y, 2.0, 4.0))),
            student)
        own, others = refined_parts(student, teacher, y, 2.0, 4.0)
        save("refined", **{
            f"{name}_student": student, f"{name}_teacher": teacher, f"{name}_labels": y,
            f"{name}_value": value, f"{name}_gradient": gradient, f"{name}_confidence_value": own,
            f"{name}_correlation_value": others})
    right = v.argmax(dim=1)
    for got, expected in zip(refined_parts(z, v, right, 4.0, 4.0),
                             decoupled_parts(z, v, right, 4.0)):
        close(got, expected)


# --- Alpha-beta divergence (ABKD) ----------------------------------------------------------------

def alpha_beta(z, v, temperature, a, b):
    log_p, log_q = log_softmax(v, temperature), log_softmax(z, temperature)
    p, q = (lambda n: (n * log_p).exp()), (lambda n: (n * log_q).exp())
    if a == 0 and b == 0:
        terms = (log_p - log_q)**2 / 2
    elif b == 0:
        terms = (p(a) * a * (log_p - log_q) - p(a) + q(a)) / a**2
    elif a == 0:
        terms = (q(b) * b * (log_q - log_p) - q(b) + p(b)) / b**2
    else:
        terms = (a / (a + b) * p(a + b) + b / (a + b) * q(a + b) - p(a) * q(b)) / (a * b)
    return temperature**2 * terms.sum(dim=1).mean()


def make_alpha_beta():
    z, v, _ = logits(415)
    powers = [[0.8, 0.3], [0.3, 0.8], [0.5, 0.5], [1.0, 1.0], [2.0, 0.1], [1.0, 0.0], [0.6, 0.0],
              [0.0, 1.0], [0.0, 0.6], [0.0, 0.0]]
    cases = {"random": (z, v), "extreme": (extreme_logits(), extreme_logits().flip(0))}
    for name, (student, teacher) in cases.items():
        value, gradient = sweep(lambda x, ab: alpha_beta(x, teacher, 2.0, *ab), student, powers)
        save("alpha_beta", **{f"{name}_student": student, f"{name}_teacher": teacher,
                              f"{name}_value": value, f"{name}_gradient": gradient})
    save("alpha_beta", powers=torch.tensor(powers, dtype=torch.float64))
    close(alpha_beta(z, v, 2.0, 1, 0), kl_divergence(z, v, 2.0))
    close(alpha_beta(z, v, 2.0, 0, 1), reverse_kl(z, v, 2.0))
    for a, b in ((0.6, 1e-6), (1e-6, 0.6), (1e-4, 1e-4)):  # the limits are those of the formula
        close(alpha_beta(z, v, 2.0, a, b), alpha_beta(z, v, 2.0, round(a, 3), round(b, 3)), 1e-2)


# --- Wasserstein distance (WKD-L) ----------------------------------------------------------------

def sinkhorn_cost(s, t, costs, regularisation, rounds):
    """sum_ij F_ij c_ij of one sample, F the plan from s to t after so many rounds."""
    kernel = torch.exp(-costs / regularisation)
    u = torch.full_like(s, 1 / len(s))
    for _ in range(rounds):
        v = t / (kernel.T @ u)
        u = s / (kernel @ v)
    return (u[:, None] * kernel * v[None] * costs).sum()


def wasserstein_parts(z, v, labels, costs, temperature=8.0, regularisation=0.05, rounds=10):
    target = nkd_parts(z, v, labels, 1.0)[0]
    transport = 0.0
    for s, t, y in zip(F.softmax(without(z, labels) / temperature, 1),
                       F.softmax(without(v, labels) / temperature, 1), labels):
        others = [c for c in range(len(costs)) if c != y]
        transport = transport + sinkhorn_cost(s, t, costs[others][:, others], regularisation, rounds)
    return target, transport / len(z)


def make_wasserstein():
    z, v, labels = logits(416)
    weight = Inputs(417).normal(C, 7)
    unit = F.normalize(weight, dim=1)
    costs = 1 - torch.exp(-(1 - unit @ unit.T)).fill_diagonal_(1.0)
    uneven = costs * torch.linspace(0.5, 1.5, C, dtype=torch.float64)  # there is not back
    cases = {"random": (z, v, labels, costs), "uneven": (z, v, labels, uneven),
             "extreme": (extreme_logits(), extreme_logits().flip(0), torch.arange(B), costs)}
    for name, (student, teacher, y, c) in cases.items():
        value, gradient = value_and_gradient(
            lambda x: sum(w * part for w, part in zip((1.0, 600.0),
                                                      wasserstein_parts(x, teacher, y, c))), student)
        target, transport = wasserstein_parts(student, teacher, y, c)
        save("wasserstein", **{f"{name}_student": student, f"{name}_teacher": teacher,
                               f"{name}_labels": y, f"{name}_costs": c.T, f"{name}_value": value,
                               f"{name}_gradient": gradient, f"{name}_target_value": target,
                               f"{name}_transport_value": transport})
    save("wasserstein", weight=weight)
    # Many rounds carry all of s over to t.
    s, t = F.softmax(z[0], 0), F.softmax(v[0], 0)
    kernel = torch.exp(-costs / 0.05)
    u = torch.ones_like(s)
    for _ in range(2000):
        w = t / (kernel.T @ u)
        u = s / (kernel @ w)
    close((u[:, None] * kernel * w[None]).sum(dim=0), t, 1e-6)


# --- Multi-level (MLKD) --------------------------------------------------------------------------

def multi_level_parts(z, v, temperatures):
    parts = [0.0, 0.0, 0.0]
    for t in temperatures:
        q, p = F.softmax(z / t, 1), F.softmax(v / t, 1)  # a sample a row
        parts[0] = parts[0] + kl_divergence(z, v, t)
        parts[1] = parts[1] + (q @ q.T - p @ p.T).square().sum() / len(z)
        parts[2] = parts[2] + (q.T @ q - p.T @ p).square().sum() / z.shape[1]
    return parts


def make_multi_level():
    z, v, _ = logits(418)
    temperatures = [2.0, 3.0, 4.0, 5.0, 6.0]
    cases = {"random": (z, v), "extreme": (extreme_logits(), extreme_logits().flip(0))}
    for name, (student, teacher) in cases.items():
        value, gradient = value_and_gradient(
            lambda x: sum(w * part for w, part in zip((1.0, 2.0, 3.0),
                                                      multi_level_parts(x, teacher, temperatures))),
            student)
        save("multi_level", **{f"{name}_student": student, f"{name}_teacher": teacher,
                               f"{name}_value": value, f"{name}_gradient": gradient,
                               f"{name}_parts": torch.stack(
                                   multi_level_parts(student, teacher, temperatures))})


def make_multi_level_views():
    inputs = Inputs(419)
    weak, strong, weak_teacher, strong_teacher = (inputs.normal(B, C, scale=3) for _ in range(4))
    temperatures = [2.0, 3.0, 4.0, 5.0, 6.0]

    def parts(x):
        of_both = [multi_level_parts(z, v, temperatures)
                   for z, v in zip(x.split(B), (weak_teacher, strong_teacher))]
        return torch.stack([(a + b) / 2 for a, b in zip(*of_both)])

    student = torch.cat([weak, strong])
    weights = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    value, gradient = value_and_gradient(lambda x: weights @ parts(x), student)
    save("multi_level", views_student=student,
         views_teacher=torch.cat([weak_teacher, strong_teacher]), views_value=value,
         views_gradient=gradient, views_parts=parts(student))


def make_logit_mse():
    z, v, _ = logits(405)
    value, gradient = value_and_gradient(lambda x: F.mse_loss(x, v), z)
    save("logit_mse", student=z, teacher=v, value=value, gradient=gradient)


# --- Without a teacher ---------------------------------------------------------------------------

def make_label_smoothing():
    z, _, labels = logits(406)
    value, gradient = value_and_gradient(
        lambda x: F.cross_entropy(x, labels, label_smoothing=0.1), z)
    target = 0.9 * F.one_hot(labels, C).double() + 0.1 / C
    close(value, -(target * F.log_softmax(z, 1)).sum(1).mean())
    save("label_smoothing", logits=z, labels=labels, value=value, gradient=gradient)


def make_virtual_teacher():
    z, _, labels = logits(407)
    correct, temperature = 0.99, 20.0
    virtual = torch.full((B, C), (1 - correct) / (C - 1), dtype=torch.float64)
    virtual[torch.arange(B), labels] = correct
    value, gradient = value_and_gradient(
        lambda x: kl_divergence(x, virtual.log(), temperature), z)
    code_target = F.log_softmax(virtual / temperature, dim=1)
    code, code_gradient = value_and_gradient(lambda x: kl(code_target, F.log_softmax(x, 1)), z)
    save("virtual_teacher", logits=z, labels=labels, value=value, gradient=gradient,
         code_value=code, code_gradient=code_gradient)


# --- A teacher of which only the k largest logits are known --------------------------------------

def make_top_k():
    z, v, _ = logits(408)
    k, temperatures = 3, [1.0, 4.0]
    kept = v.topk(k, dim=1).indices
    inside = torch.zeros(B, C).scatter(1, kept, 1.0) == 1

    def parts(x, t):
        log_x = log_softmax(x, t)
        head, tail = log_x[inside].reshape(B, k), log_x[~inside].reshape(B, C - k)
        return head, torch.logsumexp(tail, dim=1, keepdim=True), tail

    def renormalise(x, t):
        p, q = parts(v, t)[0], parts(x, t)[0]
        return t**2 * kl(p - torch.logsumexp(p, dim=1, keepdim=True), q)

    def tail_bucket(x, t):
        (p, p_rest, _), (q, q_rest, _) = parts(v, t), parts(x, t)
        return t**2 * kl(torch.cat([p, p_rest], dim=1), torch.cat([q, q_rest], dim=1))

    def uniform_tail(x, t):
        (p, p_rest, _), (q, _, q_tail) = parts(v, t), parts(x, t)
        spread = (p_rest - math.log(C - k)).expand(B, C - k)
        return t**2 * kl(torch.cat([p, spread], dim=1), torch.cat([q, q_tail], dim=1))

    save("top_k", student=z, teacher=v, indices=kept, temperatures=temperatures)
    for variant in (renormalise, tail_bucket, uniform_tail):
        value, gradient = sweep(variant, z, temperatures)
        save("top_k", **{f"{variant.__name__}_value": value,
                         f"{variant.__name__}_gradient": gradient})
    assert tail_bucket(z, 1.0) <= kl_divergence(z, v, 1.0)  # merging classes loses information


# --- A temperature that is learned (CTKD) --------------------------------------------------------

def make_learned_temperature():
    z, v, _ = logits(409)
    columns = {name: [] for name in ("temperature", "value", "gradient", "dtemperature", "dtheta")}
    thetas = [-2.0, 1.0, 3.0]
    for start in thetas:
        student, theta = leaf(z), leaf(torch.tensor(start, dtype=torch.float64))
        temperature = 1 + 20 * torch.sigmoid(theta)
        temperature.retain_grad()
        value = kl_divergence(student, v, temperature)
        value.backward()
        row = (temperature, value, student.grad, temperature.grad, theta.grad)
        for column, entry in zip(columns.values(), row):
            column.append(entry)
    epoch = torch.arange(13, dtype=torch.float64)
    strength = torch.where(epoch < 10, (torch.cos(math.pi * epoch / 10) + 1) / 2 - 1,
                           torch.tensor(-1.0, dtype=torch.float64))
    save("learned_temperature", student=z, teacher=v, theta=thetas, strength=strength, **columns)


# --- Several networks ----------------------------------------------------------------------------

def make_mutual():
    inputs = Inputs(410)
    students, labels = inputs.normal(3, B, C, scale=3), inputs.labels(B, C)
    values, gradients = [], []
    for i in range(3):
        peers = [students[j] for j in range(3) if j != i]
        value, gradient = value_and_gradient(
            lambda x: F.cross_entropy(x, labels)
            + sum(kl_divergence(x, peer, 1.0) for peer in peers) / 2, students[i])
        values.append(value)
        gradients.append(gradient)
    save("mutual", logits=students, labels=labels, value=values, gradient=gradients)


def make_ensemble():
    inputs = Inputs(411)
    teachers, student = inputs.normal(3, B, C, scale=3), inputs.normal(B, C, scale=3)
    temperatures = [1.0, 4.0]

    def mean_probabilities(t):
        """Logits v with softmax(v / t) = the mean over teachers of softmax(v_k / t)."""
        return t * (torch.logsumexp(F.log_softmax(teachers / t, dim=2), dim=0) - math.log(3))

    mean_logits = teachers.mean(dim=0)
    for t in temperatures:
        close(F.softmax(mean_probabilities(t) / t, 1), F.softmax(teachers / t, 2).mean(0))
    save("ensemble", teachers=teachers, student=student, temperatures=temperatures,
         mean_logits=mean_logits,
         mean_probabilities=[mean_probabilities(t) for t in temperatures])
    value, gradient = sweep(lambda x, t: kl_divergence(x, mean_logits, t), student, temperatures)
    save("ensemble", mean_logits_value=value, mean_logits_gradient=gradient)
    value, gradient = sweep(lambda x, t: kl_divergence(x, mean_probabilities(t), t), student,
                            temperatures)
    save("ensemble", mean_probabilities_value=value, mean_probabilities_gradient=gradient)


def main():
    make_decoupled()
    make_standardized()
    make_correlation()
    make_divergences()
    make_nkd()
    make_wttm()
    make_refined()
    make_alpha_beta()
    make_wasserstein()
    make_multi_level()
    make_multi_level_views()
    make_logit_mse()
    make_label_smoothing()
    make_virtual_teacher()
    make_top_k()
    make_learned_temperature()
    make_mutual()
    make_ensemble()


if __name__ == "__main__":
    main()
