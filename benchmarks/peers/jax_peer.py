# SPDX-License-Identifier: MIT
"""The phases of kd_benchmarks in JAX.

Modes of the steps: jit (one call a step, its buffers donated), scan (many steps in one call of
`lax.scan`, up to a whole epoch: JAX's strongest form). The rest: jit.
"""

import os

import peer

OPTIONS = peer.arguments()
# JAX takes as many threads as there are cores; it has no setting of its own.
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: OPTIONS.threads])

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_platforms", "cpu")
# The cheapest generator for dropout masks; the default one takes as long as the products.
jax.config.update("jax_default_prng_impl", "unsafe_rbg")
NAME = f"JAX {jax.__version__}"


def new_network(widths, seed):
    rng = np.random.default_rng(seed)
    layers = []
    for fan_in, fan_out in zip(widths, widths[1:]):
        bound = fan_in**-0.5
        layers.append(
            {
                "w": jnp.asarray(rng.uniform(-bound, bound, (fan_in, fan_out)), jnp.float32),
                "b": jnp.asarray(rng.uniform(-bound, bound, fan_out), jnp.float32),
            }
        )
    return layers


def forward(network, x, dropout_key=None):
    for i, layer in enumerate(network):
        x = x @ layer["w"] + layer["b"]
        if i + 1 < len(network):
            if dropout_key is not None:
                key = jax.random.fold_in(dropout_key, i)
                x = jnp.where(jax.random.bernoulli(key, 0.5, x.shape), x * 2, 0)
            x = jax.nn.relu(x)
    return x


def cross_entropy(logits, labels):
    logs = jax.nn.log_softmax(logits)
    return -jnp.mean(jnp.take_along_axis(logs, labels[:, None], axis=1))


def distillation_loss(logits, teacher_logits, labels):
    t = peer.TEMPERATURE
    log_p = jax.nn.log_softmax(teacher_logits / t)
    log_q = jax.nn.log_softmax(logits / t)
    soft = jnp.mean(jnp.sum(jnp.exp(log_p) * (log_p - log_q), axis=1))
    return peer.HARD_WEIGHT * cross_entropy(logits, labels) + peer.SOFT_WEIGHT * t * t * soft


def adam(params, grads, m, v, step):
    b1, b2, eps = 0.9, 0.999, 1e-8
    step = step + 1
    rate = peer.LR / (1 - b1**step)
    root_scale = 1 / jnp.sqrt(1 - b2**step)
    m = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, m, grads)
    v = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g * g, v, grads)
    params = jax.tree.map(
        lambda p, m, v: p - rate * m / (jnp.sqrt(v) * root_scale + eps), params, m, v
    )
    return params, m, v, step


def float_images():
    pixels, labels = peer.images(OPTIONS.data)
    return jnp.asarray(pixels, jnp.float32) / 255, jnp.asarray(labels, jnp.int32)


def step_of(phase, mode):
    """A call, and how many steps it makes."""
    x, y = float_images()
    teacher = new_network(peer.TEACHER, 0)
    network = teacher if phase == "step/teacher" else new_network(peer.STUDENT, 1)
    cached = None
    if phase == "step/kd_cached":
        cached = jnp.concatenate([jax.jit(forward)(teacher, part) for part in jnp.split(x, 60)])

    def loss_of(network, data, rows, key):
        x, y, teacher, cached = data
        inputs, labels = x[rows], y[rows]
        logits = forward(network, inputs, key if phase == "step/teacher" else None)
        if phase in ("step/teacher", "step/student"):
            return cross_entropy(logits, labels)
        teacher_logits = cached[rows] if phase == "step/kd_cached" else forward(teacher, inputs)
        return distillation_loss(logits, teacher_logits, labels)

    def one_step(state, data, rows):
        network, m, v, count, key = state
        loss, grads = jax.value_and_grad(loss_of)(network, data, rows, jax.random.fold_in(key, count))
        return (*adam(network, grads, m, v, count), key), loss

    zeros = jax.tree.map(jnp.zeros_like, network)
    network, m, v = (jax.tree.map(jnp.copy, tree) for tree in (network, zeros, zeros))
    state = (network, m, v, jnp.int32(0), jax.random.key(0))
    data = (x, y, teacher if phase == "step/kd_live" else None, cached)
    rng = np.random.default_rng(0)
    batches = len(x) // peer.BATCH

    def shuffled():
        return rng.permutation(len(x))[: batches * peer.BATCH].reshape(batches, peer.BATCH)

    if mode == "jit":
        run = jax.jit(one_step, donate_argnums=0)
        order, at = jnp.asarray(shuffled()), 0
        rows = [order[i] for i in range(256)]  # slicing costs as much as a step

        def call():
            nonlocal state, at
            state, loss = run(state, data, rows[at % len(rows)])
            at += 1
            if at % 64 == 0:
                loss.block_until_ready()

        return call, 1

    # A whole epoch of the small network alone; otherwise as many steps as take half a second or so.
    steps = {"step/teacher": 50, "step/kd_live": 200}.get(phase, batches)

    @jax.jit
    def epoch(state, data, order):
        return jax.lax.scan(lambda state, rows: one_step(state, data, rows), state, order)

    def call():
        nonlocal state
        state, losses = epoch(state, data, jnp.asarray(shuffled()[:steps]))
        losses.block_until_ready()

    return call, steps


def prediction_of(phase, mode):
    _, which, batch = phase.split("/")
    network = new_network(peer.TEACHER if which == "teacher" else peer.STUDENT, 0)
    x, _ = float_images()
    parts = [x[at : at + int(batch)] for at in peer.starts(len(x), int(batch))[:256]]
    run = jax.jit(forward)
    at = 0

    def call():
        nonlocal at
        run(network, parts[at % len(parts)]).block_until_ready()
        at += 1

    return call, 1


def loss_of_phase(phase, mode):
    shape = (peer.LOSS_SAMPLES, int(phase.split("/")[-1]))
    rng = np.random.default_rng(0)
    logits, teacher_logits = (
        jnp.asarray(rng.uniform(-5, 5, shape), jnp.float32) for _ in range(2)
    )
    labels = jnp.asarray(rng.integers(0, shape[1], shape[0]), jnp.int32)
    run = jax.jit(jax.value_and_grad(distillation_loss))

    def call():
        jax.block_until_ready(run(logits, teacher_logits, labels))

    return call, 1


def main():
    kind = OPTIONS.phase.split("/")[0]
    make = {"step": step_of, "predict": prediction_of, "loss": loss_of_phase}[kind]
    for mode in OPTIONS.modes or (["jit", "scan"] if kind == "step" else ["jit"]):
        call, steps = make(OPTIONS.phase, mode)
        peer.report(NAME, mode, peer.seconds_per_call(call, OPTIONS.seconds) / steps)


main()
