# SPDX-License-Identifier: MIT
"""Golden values of the methods on maps. README.md gives the formulas."""

import torch
import torch.nn.functional as F

from golden import Inputs, close, leaf, save, value_and_gradient

B, STUDENT, TEACHER, HEIGHT, WIDTH = 4, 3, 5, 4, 3


def maps(seed):
    inputs = Inputs(seed)
    return (inputs, inputs.normal(B, STUDENT, HEIGHT, WIDTH),
            inputs.normal(B, TEACHER, HEIGHT, WIDTH))


# --- Attention transfer (AT) ---------------------------------------------------------------------

def attention_transfer(student, teacher):
    student, teacher = (F.normalize(f.square().sum(dim=1).flatten(1), dim=1)
                        for f in (student, teacher))
    return (student - teacher).square().mean()


def make_attention():
    _, student, teacher = maps(601)
    student[2] = 0  # looks nowhere
    value, gradient = value_and_gradient(lambda f: attention_transfer(f, teacher), student)
    close(attention_transfer(3 * teacher, teacher), 0.0)  # the scale of the features drops out
    close(attention_transfer(teacher.flip(1), teacher), 0.0)  # as does the order of the channels
    save("attention_transfer", student=student, teacher=teacher, value=value, gradient=gradient)


# --- Hints (FitNets) ------------------------------------------------------------------------------

def make_hint():
    inputs, student, teacher = maps(602)
    student, weight, bias = leaf(student), leaf(inputs.normal(TEACHER, STUDENT)), leaf(
        inputs.normal(TEACHER))
    value = (F.conv2d(student, weight[:, :, None, None], bias) - teacher).square().mean()
    value.backward()
    save("hint_maps", student=student, teacher=teacher, weight=weight, bias=bias, value=value,
         dstudent=student.grad, dweight=weight.grad, dbias=bias.grad)


# --- Wasserstein distance of Gaussians (WKD-F) ---------------------------------------------------

def gaussian_wasserstein(student, teacher, eps=1e-5):
    def moments(f):
        variance, mean = torch.var_mean(f, dim=(2, 3), unbiased=False)
        return mean, (variance + eps).sqrt()

    (mean_s, deviation_s), (mean_t, deviation_t) = moments(student), moments(teacher)
    return ((mean_s - mean_t).square().sum(dim=1).mean(),
            (deviation_s - deviation_t).square().sum(dim=1).mean())


def make_wasserstein():
    inputs, student, _ = maps(603)
    teacher = 2 * inputs.normal(B, TEACHER, 2, 5) + 1  # maps of another size
    student, weight, bias = leaf(student), leaf(inputs.normal(TEACHER, STUDENT)), leaf(
        inputs.normal(TEACHER))
    projected = F.conv2d(student, weight[:, :, None, None], bias)
    means, deviations = gaussian_wasserstein(projected, teacher)
    value = 0.32 * means + 0.08 * deviations
    value.backward()
    # Between Gaussians without correlations it is the Bures distance of the covariances.
    bures = sum((a + b - 2 * (a.sqrt() * b * a.sqrt()).sqrt())
                for a, b in zip((projected.detach().var(dim=(2, 3), unbiased=False) + 1e-5).flatten(),
                                (teacher.var(dim=(2, 3), unbiased=False) + 1e-5).flatten()))
    close(deviations.detach(), bures / B)
    save("wasserstein_features", student=student, teacher=teacher, weight=weight, bias=bias,
         value=value, means_value=means, deviations_value=deviations, dstudent=student.grad,
         dweight=weight.grad, dbias=bias.grad)


# --- Class attention (CAT-KD) ---------------------------------------------------------------------

CLASSES = 4


def classifier(inputs, channels):
    return inputs.normal(CLASSES, channels), inputs.normal(CLASSES)


def class_attention(student, weight, teacher, teacher_weight, grid):
    def maps(f, w):
        activation = F.conv2d(f, w[:, :, None, None])  # before the mean over places
        return F.normalize(F.adaptive_avg_pool2d(activation, grid).flatten(2), dim=2)

    return F.mse_loss(maps(student, weight), maps(teacher, teacher_weight))


def make_class_attention():
    inputs, student, _ = maps(604)
    teacher = inputs.normal(B, TEACHER, 5, 5)  # maps of another size
    weight, bias = classifier(inputs, STUDENT)
    teacher_weight, teacher_bias = classifier(inputs, TEACHER)
    for grid in (1, 2, 3):
        f, w = leaf(student), leaf(weight)
        value = class_attention(f, w, teacher, teacher_weight, grid)
        value.backward()
        save("cat_kd", **{f"value_{grid}": value, f"dstudent_{grid}": f.grad,
                          f"dweight_{grid}": w.grad})
    save("cat_kd", student=student, weight=weight, bias=bias, teacher=teacher,
         teacher_weight=teacher_weight, teacher_bias=teacher_bias)


# --- Scale decoupled (SDD) ------------------------------------------------------------------------

def kl_of_samples(z, v, temperature):
    log_p, log_q = F.log_softmax(v / temperature, dim=1), F.log_softmax(z / temperature, dim=1)
    return temperature**2 * (log_p.exp() * (log_p - log_q)).sum(dim=1)


def scale_decoupled(logit_map, teacher_logit_map, grids, complementary):
    """Logit maps are those of every place: the classifier as a 1 x 1 convolution."""
    whole = teacher_logit_map.mean(dim=(2, 3)).argmax(dim=1)
    value, differ = 0.0, 0
    for grid in grids:
        z, v = (F.adaptive_avg_pool2d(m, grid).flatten(2) for m in (logit_map, teacher_logit_map))
        for cell in range(grid**2):
            other = v[:, :, cell].argmax(dim=1) != whole
            weight = torch.where(other, complementary, 1.0)
            value = value + (weight * kl_of_samples(z[:, :, cell], v[:, :, cell], 4.0)).mean()
            differ += int(other.sum())
    assert grids == [1] or differ > 2
    return value


def make_scale_decoupled():
    inputs = Inputs(605)
    student, teacher = inputs.normal(B, STUDENT, 4, 4), 2 * inputs.normal(B, TEACHER, 5, 4)
    weight, bias = classifier(inputs, STUDENT)
    teacher_weight, teacher_bias = classifier(inputs, TEACHER)
    aim = F.conv2d(teacher, teacher_weight[:, :, None, None], teacher_bias)
    for levels in (1, 2, 3):
        f, w, b = leaf(student), leaf(weight), leaf(bias)
        value = scale_decoupled(F.conv2d(f, w[:, :, None, None], b), aim, [1, 2, 4][:levels], 2.0)
        value.backward()
        save("scale_decoupled", **{f"value_{levels}": value, f"dstudent_{levels}": f.grad,
                                   f"dweight_{levels}": w.grad, f"dbias_{levels}": b.grad})
    save("scale_decoupled", student=student, weight=weight, bias=bias, teacher=teacher,
         teacher_weight=teacher_weight, teacher_bias=teacher_bias)


def main():
    make_attention()
    make_hint()
    make_wasserstein()
    make_class_attention()
    make_scale_decoupled()


if __name__ == "__main__":
    main()
