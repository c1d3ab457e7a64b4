"""VDVAE's latents are those of the published layout, written out here a second time."""

from __future__ import annotations

import json

import numpy as np
import pytest

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.stimuli.pictures.encoder import make_picture_encoder

torch = pytest.importorskip("torch")
# hps.py of openai/vdvae, imagenet64: resolution x repetitions, d: down by, m: mixed in from.
ENCODER = "64x11,64d2,32x20,32d2,16x9,16d2,8x8,8d2,4x7,4d4,1x5"
DECODER = "1x2,4m1,4x3,8m4,8x7,16m8,16x15,32m16,32x31,64m32,64x12"
WIDTH, MIDDLE, CHANNELS = 8, 2, 3
PICTURES = [
    np.random.default_rng(seed).integers(0, 256, (64, 64, 3), dtype=np.uint8) for seed in (0, 1)
]


def layout(text):
    """Return (resolution, number after d or m, or None) of each block."""
    blocks = []
    for part in text.split(","):
        if "x" in part:
            resolution, count = map(int, part.split("x"))
            blocks += [(resolution, None)] * count
        else:
            resolution, other = map(int, part.replace("m", "d").split("d"))
            blocks.append((resolution, other))
    return blocks


def random_weights(seed=0):
    """Return weights with the published names, narrow."""
    generator = torch.Generator().manual_seed(seed)
    weights = {}

    def add(name, *shape):
        weights[name] = torch.randn(shape, generator=generator) * 0.5 / np.sqrt(np.prod(shape[1:]))

    def add_block(name, inside, out, resolution):
        side = 3 if resolution > 2 else 1
        widths = [(MIDDLE, inside, 1), (MIDDLE, MIDDLE, side), (MIDDLE, MIDDLE, side),
                  (out, MIDDLE, 1)]  # fmt: skip
        for index, (after, before, kernel) in enumerate(widths, start=1):
            add(f"{name}.c{index}.weight", after, before, kernel, kernel)
            add(f"{name}.c{index}.bias", after)

    add("encoder.in_conv.weight", WIDTH, 3, 3, 3)
    add("encoder.in_conv.bias", WIDTH)
    for index, (resolution, _) in enumerate(layout(ENCODER)):
        add_block(f"encoder.enc_blocks.{index}", WIDTH, WIDTH, resolution)
    for index, (resolution, _) in enumerate(layout(DECODER)):
        name = f"decoder.dec_blocks.{index}"
        add_block(f"{name}.enc", 2 * WIDTH, 2 * CHANNELS, resolution)
        add_block(f"{name}.prior", WIDTH, 2 * CHANNELS + WIDTH, resolution)
        add_block(f"{name}.resnet", WIDTH, WIDTH, resolution)
        add(f"{name}.z_proj.weight", WIDTH, CHANNELS, 1, 1)
        add(f"{name}.z_proj.bias", WIDTH)
    for index, resolution in enumerate((1, 4, 8, 16, 32, 64)):
        add(f"decoder.bias_xs.{index}", 1, WIDTH, resolution, resolution)
    return weights


def reference(weights, pictures):
    """Return the posterior means of all layers, flattened."""
    from torch.nn import functional as f

    def convolve(name, x):
        kernel = weights[f"{name}.weight"]
        return f.conv2d(x, kernel, weights[f"{name}.bias"], padding=kernel.shape[2] // 2)

    def block(name, x):
        for index in range(1, 5):
            x = convolve(f"{name}.c{index}", f.gelu(x))
        return x

    x = (torch.from_numpy(np.stack(pictures)).float().permute(0, 3, 1, 2) - 115.92961967) / 69.37404
    x = convolve("encoder.in_conv", x)
    seen = {64: x}
    for index, (_, down) in enumerate(layout(ENCODER)):
        x = x + block(f"encoder.enc_blocks.{index}", x)
        x = f.avg_pool2d(x, down) if down else x
        seen[x.shape[2]] = x
    states = {b.shape[2]: b for n, b in weights.items() if n.startswith("decoder.bias_xs")}
    means = []
    for index, (resolution, coarser) in enumerate(layout(DECODER)):
        name, x = f"decoder.dec_blocks.{index}", states[resolution]
        if coarser:
            x = x + f.interpolate(states[coarser], size=(resolution, resolution))
        x = x.expand(len(pictures), WIDTH, resolution, resolution)
        mean = block(f"{name}.enc", torch.cat([x, seen[resolution]], dim=1))[:, :CHANNELS]
        x = x + block(f"{name}.prior", x)[:, 2 * CHANNELS :] + convolve(f"{name}.z_proj", mean)
        states[resolution] = x + block(f"{name}.resnet", x)
        means.append(mean.flatten(1).numpy())
    return means


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("vdvae") / "model-ema.th"
    torch.save(random_weights(), path)
    return path


@pytest.mark.parametrize("n_layers", [1, 31, 75])
def test_latents_are_the_posterior_means_from_the_coarsest_down(file, n_layers):
    encoder = make_picture_encoder("vdvae", model=str(file), n_layers=n_layers, batch_size=1)
    found = encoder.encode(PICTURES, ["", ""])
    expected = np.concatenate(reference(random_weights(), PICTURES)[:n_layers], axis=1)
    assert found.shape == (2, *encoder.shape) == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.abs(found[0] - found[1]).max() > 1e-4


def test_31_layers_are_91168_numbers_for_the_16_channels_published(file):
    encoder = make_picture_encoder("vdvae", model=str(file))
    assert encoder.n_layers == 31
    assert encoder.shape == (91_168 * CHANNELS // 16,)


def test_no_sample_is_drawn_and_settings_are_plain(file):
    encoder = make_picture_encoder("vdvae", model=str(file), n_layers=3)
    np.testing.assert_array_equal(
        encoder.encode(PICTURES, ["", ""]), encoder.encode(PICTURES, ["", ""])
    )
    settings = encoder.settings()
    assert json.loads(json.dumps(settings)) == settings
    assert make_picture_encoder("vdvae", model=str(file), n_layers=2).settings() != settings


def test_a_prefix_of_parallel_runs_is_taken_off(file, tmp_path):
    torch.save({f"module.{n}": t for n, t in random_weights().items()}, tmp_path / "m.th")
    found, plain = (
        make_picture_encoder("vdvae", model=str(path), n_layers=1)
        for path in (tmp_path / "m.th", file)
    )
    assert found.settings() == plain.settings()


def test_missing_files_and_weights_of_another_network_are_named(file, tmp_path):
    with pytest.raises(DataFault, match=r"not found.*imagenet64-iter-1600000-model-ema.th"):
        make_picture_encoder("vdvae", model=str(tmp_path / "nowhere.th"))
    with pytest.raises(ConfigFault, match="the encoder vdvae needs the option 'model'"):
        make_picture_encoder("vdvae")
    with pytest.raises(ConfigFault, match="give 1 to 75"):
        make_picture_encoder("vdvae", model=str(file), n_layers=76)
    less = {n: t for n, t in random_weights().items() if "dec_blocks.30.prior" not in n}
    torch.save(less, tmp_path / "less.th")
    with pytest.raises(DataFault, match="weights are not those of VDVAE"):
        make_picture_encoder("vdvae", model=str(tmp_path / "less.th"))
    (tmp_path / "cut.th").write_bytes(file.read_bytes()[:-500])
    with pytest.raises(DataFault, match="weights cannot be read"):
        make_picture_encoder("vdvae", model=str(tmp_path / "cut.th"))
