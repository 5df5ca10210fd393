# SPDX-License-Identifier: MIT
"""Files as PyTorch, NumPy and the format's own library write them, for the readers in kd/io."""

import numpy as np
import torch
from safetensors.torch import save_file

import golden
from make_images import Residual


def make_network(folder):
    """A network of two linear layers in every type, and what it gives in double."""
    torch.manual_seed(7)
    model = torch.nn.Sequential(
        torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Dropout(), torch.nn.Linear(3, 2)
    ).eval()
    x = torch.linspace(-2, 2, 20, dtype=torch.float64).reshape(5, 4)
    state = model.state_dict()
    for name, kind in {"f64": torch.float64, "f32": torch.float32, "f16": torch.float16,
                       "bf16": torch.bfloat16}.items():  # fmt: skip
        typed = {key: value.to(kind) for key, value in state.items()}
        save_file(typed, folder / f"network_{name}.safetensors")
        model.double().load_state_dict(typed)
        np.save(folder / f"logits_{name}.npy", model(x).detach().numpy())
    named = {"fc1.weight": "0.weight", "fc1.bias": "0.bias", "fc2.weight": "3.weight", "fc2.bias": "3.bias"}
    save_file({"module." + to: state[key] for to, key in named.items()}, folder / "named.safetensors")
    save_file({key: value.T.contiguous() for key, value in state.items()}, folder / "transposed.safetensors")
    np.save(folder / "x.npy", x.numpy())


def make_images(folder):
    """A convolutional network with a residual, as PyTorch's state dict has it after a batch of training."""
    torch.manual_seed(8)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(2, 4, 3, padding=1, bias=False), torch.nn.BatchNorm2d(4), torch.nn.ReLU(),
        Residual(torch.nn.Conv2d(4, 4, 3, 2, 1), torch.nn.BatchNorm2d(4), shortcut=torch.nn.Conv2d(4, 4, 1, 2)),
        torch.nn.Conv2d(4, 4, 3, padding=1, groups=4), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(),
        torch.nn.Linear(4, 3)
    )  # fmt: skip
    x = torch.randn(5, 2, 6, 5, generator=torch.Generator().manual_seed(9))
    model(x)
    state = model.state_dict()
    assert state["1.num_batches_tracked"] == 1
    names = {key: key.replace("7.", "6.") for key in state}  # kd has no Flatten
    save_file({names[key]: value for key, value in state.items()}, folder / "images.safetensors")
    np.save(folder / "images_x.npy", x.numpy())
    np.save(folder / "images_logits.npy", model.double().eval()(x.double()).detach().numpy())


def make_arrays(folder):
    """The numbers 0 to 11 as 3 samples of 4, in every type, byte order and layout."""
    values = np.arange(12).reshape(3, 4)
    for kind in ["u1", "i1", "<u2", ">i2", "<u4", ">i4", "<i8", ">u8", "<f2", ">f2", "<f4", ">f4", "<f8", ">f8"]:
        order = "big_" if kind[0] == ">" else ""
        np.save(folder / f"{order}{kind.strip('<>')}.npy", values.astype(kind))
    np.save(folder / "b1.npy", values % 2 == 1)
    np.save(folder / "fortran.npy", np.asfortranarray(values.astype("<f4")))
    np.save(folder / "vector.npy", values.astype("<i8").ravel())
    np.save(folder / "cube.npy", values.astype("<f4").reshape(3, 2, 2))
    np.save(folder / "scalar.npy", np.float32(7))
    np.save(folder / "empty.npy", np.zeros((0, 4), "<f4"))
    np.save(folder / "objects.npy", np.array([{}], object), allow_pickle=True)
    np.savez(folder / "stored.npz", x=values.astype("<f4"), y=np.array([2, 0, 1]))
    np.savez_compressed(folder / "packed.npz", x=np.tile(values.astype("<f4"), (50, 1)), y=np.arange(150).reshape(-1, 1))
    np.save(folder / "halves.npy", np.array([0.0, -0.0, 1, -2, 65504, 2.0**-24, -(2.0**-15), np.inf, -np.inf], "<f2"))


def make_top_k(folder):
    """The 3 largest of 10 logits of 6 samples, and for the others what docs/files.md says, at T = 2."""
    inputs = golden.Inputs(108)
    classes, k, temperature = 10, 3, 2.0
    logits = inputs.normal(6, classes, scale=3)
    largest, indices = logits.topk(k)
    others = logits.scatter(1, indices, -torch.inf)
    tail = temperature * (torch.logsumexp(others / temperature, 1) - np.log(classes - k))
    np.save(folder / "top_k_of.npy", logits.numpy())
    np.savez(folder / "top_k.npz", indices=indices.numpy(), logits=largest.numpy(), tail=tail.numpy(),
             num_classes=classes, temperature=temperature)  # fmt: skip


def main():
    folder = golden.root / "io"
    folder.mkdir(parents=True, exist_ok=True)
    make_network(folder)
    make_images(folder)
    make_arrays(folder)
    make_top_k(folder)


if __name__ == "__main__":
    main()
