"""Dual-guided diffusion is diffusers' own, from a start latent, and exact at its limits."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from neurodecode.faults import ConfigFault, DataFault, NetworkFault
from neurodecode.stimuli.generation.generator import make_generator

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
diffusers = pytest.importorskip("diffusers")
WIDTH, N_TEXT, N_VISION, SIDE = 16, 7, 5, 8


def unet_sizes(**changes):
    return {
        "sample_size": SIDE, "in_channels": 4, "out_channels": 4, "block_out_channels": (16, 32),
        "layers_per_block": 1, "cross_attention_dim": WIDTH, "attention_head_dim": 4,
        "norm_num_groups": 4, **changes,
    }  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory, save_tokenizer, make_vae):
    """Save a random pipeline of the kind of Versatile Diffusion, some 0.5 million parameters."""
    from diffusers.pipelines.deprecated.versatile_diffusion.modeling_text_unet import (
        UNetFlatConditionModel,
    )

    torch.manual_seed(0)
    place = tmp_path_factory.mktemp("versatile")
    clip = {"hidden_size": 12, "intermediate_size": 24, "num_hidden_layers": 2,
            "num_attention_heads": 2, "projection_dim": WIDTH}  # fmt: skip
    parts = {
        "image_unet": diffusers.UNet2DConditionModel(
            **unet_sizes(
                down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
                up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
            )
        ),
        "text_unet": UNetFlatConditionModel(
            **unet_sizes(
                down_block_types=("CrossAttnDownBlockFlat", "DownBlockFlat"),
                up_block_types=("UpBlockFlat", "CrossAttnUpBlockFlat"),
            )
        ),
        "vae": make_vae(),
        "text_encoder": transformers.CLIPTextModelWithProjection(
            transformers.CLIPTextConfig(
                vocab_size=20, max_position_embeddings=N_TEXT, eos_token_id=19, bos_token_id=18,
                pad_token_id=19, **clip,
            )
        ),
        "image_encoder": transformers.CLIPVisionModelWithProjection(
            transformers.CLIPVisionConfig(image_size=12, patch_size=6, **clip)
        ),
        "scheduler": diffusers.DDIMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False,
            set_alpha_to_one=False, steps_offset=1,
        ),
    }  # fmt: skip
    for name, part in parts.items():
        part.save_pretrained(place / name)
    save_tokenizer(place / "tokenizer", N_TEXT)
    return place


def make(folder, **options):
    return make_generator("diffusion", model=str(folder), **{"steps": 8, **options})


@pytest.fixture(scope="module")
def latents():
    rng = np.random.default_rng(0)
    shapes = {"vision": (N_VISION, WIDTH), "text": (N_TEXT, WIDTH), "autokl": (4, SIDE, SIDE)}
    return {name: rng.standard_normal((3, *s)).astype(np.float32) for name, s in shapes.items()}


@pytest.fixture
def mended(monkeypatch):
    """Let diffusers' dual attention take the mask that its own networks hand it (0.42.1)."""
    from diffusers.models.transformers.dual_transformer_2d import DualTransformer2DModel

    forward = DualTransformer2DModel.forward

    def takes_the_mask(self, *args, encoder_attention_mask=None, **kwargs):
        assert encoder_attention_mask is None
        return forward(self, *args, **kwargs)

    monkeypatch.setattr(DualTransformer2DModel, "forward", takes_the_mask)


def joined_by_diffusers(folder):
    from diffusers.pipelines.deprecated.versatile_diffusion.modeling_text_unet import (
        UNetFlatConditionModel,
    )

    def load(kind, name):
        return kind.from_pretrained(folder / name, low_cpu_mem_usage=False)

    text_encoder = transformers.CLIPTextModelWithProjection.from_pretrained(folder / "text_encoder")
    pipeline = diffusers.VersatileDiffusionDualGuidedPipeline(
        None, None, text_encoder, None,
        load(diffusers.UNet2DConditionModel, "image_unet"),
        load(UNetFlatConditionModel, "text_unet"), load(diffusers.AutoencoderKL, "vae"),
        diffusers.DDIMScheduler.from_pretrained(folder / "scheduler"),
    )  # fmt: skip
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def theirs(folder, latents, *, mixing, guidance, steps=8):
    """Return the pictures of diffusers' pipeline from the same tokens and pure noise."""
    from neurodecode.stimuli.generation.diffusion import blank_text, blank_vision

    pipeline = joined_by_diffusers(folder)
    given = {name: torch.from_numpy(values) for name, values in latents.items()}
    blank = {"text": blank_text(folder), "vision": blank_vision(folder)}
    for name, method in (("text", "_encode_text_prompt"), ("vision", "_encode_image_prompt")):
        both = torch.cat([blank[name].expand_as(given[name]), given[name]][guidance == 1 :])
        setattr(pipeline, method, lambda *_args, found=both: found)
    n = len(given["text"])
    return pipeline(
        [""] * n, [""] * n, text_to_image_strength=mixing, num_inference_steps=steps,
        guidance_scale=guidance, latents=given["noise"], output_type="np", height=16, width=16,
    ).images  # fmt: skip


@pytest.mark.parametrize(("mixing", "guidance"), [(0.4, 7.5), (0.0, 3.0), (1.0, 1.0), (0.7, 1.0)])
def test_the_loop_is_that_of_diffusers_from_pure_noise(folder, latents, mixing, guidance, mended):
    from neurodecode.stimuli.generation.denoising import picture_noise

    generator = make(folder, mixing=mixing, guidance=guidance, strength=1.0)
    # At full strength the start latent still counts a little; give diffusers the same mixture.
    noise = torch.stack(
        [torch.randn(4, SIDE, SIDE, generator=picture_noise(3, i)) for i in range(3)]
    )
    alpha = generator._scheduler.alphas_cumprod[1 + 7 * (1000 // 8)]
    start = alpha.sqrt() * torch.from_numpy(latents["autokl"]) + (1 - alpha).sqrt() * noise
    given = {"text": latents["text"], "vision": latents["vision"], "noise": start.numpy()}
    expected = theirs(folder, given, mixing=mixing, guidance=guidance)
    found = generator.generate(latents, random_state=3)
    assert found.shape == (3, 16, 16, 3)
    assert found.dtype == np.uint8
    np.testing.assert_allclose(found, 255 * expected, atol=0.6)  # rounding to 8 bits


def test_unconditional_tokens_are_those_of_diffusers_encoders(folder):
    from neurodecode.stimuli.generation.diffusion import blank_text, blank_vision

    load = {"text": transformers.CLIPTextModelWithProjection.from_pretrained,
            "vision": transformers.CLIPVisionModelWithProjection.from_pretrained}  # fmt: skip
    processor = transformers.CLIPImageProcessorPil(
        size={"shortest_edge": 12}, crop_size={"height": 12, "width": 12}
    )
    pipeline = diffusers.VersatileDiffusionDualGuidedPipeline(
        transformers.CLIPTokenizer.from_pretrained(folder / "tokenizer"), processor,
        load["text"](folder / "text_encoder"), load["vision"](folder / "image_encoder"),
        None, None, None, None,
    )  # fmt: skip
    with torch.inference_mode():
        text = pipeline._encode_text_prompt([""], "cpu", 1, False)
        black = np.zeros((20, 20, 3), np.uint8)
        vision = pipeline._encode_image_prompt([black], "cpu", 1, False)
        white = pipeline._encode_image_prompt([black + 255], "cpu", 1, False)
    torch.testing.assert_close(blank_text(folder), text)
    torch.testing.assert_close(blank_vision(folder), vision)
    torch.testing.assert_close(blank_vision(folder, 1.0), white, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(vision, white, atol=1e-3)


def changed(latents, name):
    other = np.random.default_rng(9).standard_normal(latents[name].shape).astype(np.float32)
    return {**latents, name: other}


@pytest.mark.parametrize(("mixing", "read"), [(1.0, "text"), (0.0, "vision")])
def test_at_a_limit_of_the_mixing_one_guide_alone_counts(folder, latents, mixing, read):
    unread = "vision" if read == "text" else "text"
    generator = make(folder, mixing=mixing)
    found = generator.generate(latents)
    np.testing.assert_array_equal(generator.generate(changed(latents, unread)), found)
    assert not np.array_equal(generator.generate(changed(latents, read)), found)


def test_both_guides_count_between_the_limits(folder, latents):
    generator = make(folder)
    found = generator.generate(latents)
    for name in ("vision", "text", "autokl"):
        assert not np.array_equal(generator.generate(changed(latents, name)), found), name


def test_a_guidance_of_one_takes_the_conditional_prediction_alone(folder, latents, monkeypatch):
    plain = make(folder, guidance=1.0)
    calls = []
    forward = plain._unet.forward
    monkeypatch.setattr(
        plain._unet, "forward", lambda *args, **kwargs: calls.append(1) or forward(*args, **kwargs)
    )
    found = plain.generate(latents)
    assert len(calls) == int(0.75 * 8)
    other = make(folder, guidance=1.0, blank=1.0)  # the unconditional picture does not matter
    np.testing.assert_array_equal(other.generate(latents), found)
    guided = [make(folder, guidance=3.0, blank=grey).generate(latents) for grey in (0.0, 1.0)]
    assert not np.array_equal(*guided)


def test_a_strength_of_zero_decodes_the_start_latent(folder, latents):
    generator = make(folder, strength=0.0)
    vae = diffusers.AutoencoderKL.from_pretrained(folder / "vae", low_cpu_mem_usage=False)
    with torch.no_grad():
        scaled = torch.from_numpy(latents["autokl"]) / vae.config.scaling_factor
        expected = (vae.decode(scaled).sample / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(generator.generate(latents), 255 * expected, atol=0.51)


@pytest.mark.parametrize(("strength", "first"), [(0.75, 721), (1.0, 981), (0.02, 1)])
def test_the_start_latent_is_noised_to_the_step_where_denoising_begins(
    folder, latents, strength, first, monkeypatch
):
    generator = make(folder, steps=50, strength=strength, guidance=1.0)
    seen, add_noise = [], generator._scheduler.add_noise

    def noised(state, noise, steps):
        seen.append(steps.tolist())
        return add_noise(state, noise, steps)

    monkeypatch.setattr(generator._scheduler, "add_noise", noised)
    counted, forward = [], generator._unet.forward
    monkeypatch.setattr(
        generator._unet, "forward",
        lambda state, step, **kw: counted.append(int(step)) or forward(state, step, **kw),
    )  # fmt: skip
    generator.generate({name: values[:1] for name, values in latents.items()})
    assert seen == [[first]]
    assert counted[0] == first
    assert len(counted) == int(strength * 50)  # 37 at the default of 0.75


def test_each_picture_has_its_own_noise_whatever_the_batch(folder, latents):
    generator = make(folder)
    found = generator.generate(latents, random_state=1)
    np.testing.assert_array_equal(generator.generate(latents, random_state=1), found)
    assert not np.array_equal(generator.generate(latents, random_state=2), found)
    single = make(folder, batch_size=1).generate(latents, random_state=1)
    assert np.abs(single.astype(int) - found).max() <= 1  # rounding of larger products
    same = {name: np.repeat(values[:1], 2, axis=0) for name, values in latents.items()}
    first, second = generator.generate(same)
    assert not np.array_equal(first, second)


def test_a_pipeline_whose_attention_is_already_joined_gives_the_same(folder, latents, tmp_path):
    generator = make(folder)
    for part in folder.iterdir():
        if part.name not in ("image_unet", "text_unet"):
            (tmp_path / part.name).symlink_to(part)
    joint = joined_by_diffusers(folder)
    joint.image_unet.save_pretrained(tmp_path / "image_unet")
    joined = make(tmp_path)
    np.testing.assert_array_equal(joined.generate(latents), generator.generate(latents))


def test_latents_are_checked_by_name_and_shape(folder, latents):
    generator = make(folder)
    assert generator.latents == {
        "vision": (N_VISION, WIDTH), "text": (N_TEXT, WIDTH), "autokl": (4, SIDE, SIDE),
    }  # fmt: skip
    assert set(generator.targets()) == set(generator.latents)
    short = {**latents, "vision": latents["vision"][:, :3]}
    with pytest.raises(
        DataFault, match=r"'vision' of one picture .* \(3, 16\), .* takes \(5, 16\)"
    ):
        generator.generate(short)
    with pytest.raises(DataFault, match="latent 'text' is missing"):
        generator.generate({name: latents[name] for name in ("vision", "autokl")})
    with pytest.raises(DataFault, match="unknown latent 'visoin', did you mean 'vision'"):
        generator.generate({**latents, "visoin": latents["vision"]})
    with pytest.raises(DataFault, match=r"different numbers .*vision: 2"):
        generator.generate({**latents, "vision": latents["vision"][:2]})
    with pytest.raises(DataFault, match=r"NaN or infinite \[text\]"):
        generator.generate({**latents, "text": np.full_like(latents["text"], np.inf)})
    none = generator.generate({name: values[:0] for name, values in latents.items()})
    assert none.shape == (0, 16, 16, 3)


def test_settings_tell_apart_what_changes_the_pictures(folder):
    settings = make(folder).settings()
    assert make(folder, batch_size=1).settings() == settings
    for change in ({"mixing": 0.5}, {"guidance": 2.0}, {"strength": 0.5}, {"steps": 9},
                   {"blank": 0.5}, {"dtype": "bfloat16"}):  # fmt: skip
        assert make(folder, **change).settings() != settings, change
    json.dumps(settings)


def test_half_precision_gives_pictures(folder, latents):
    found = make(folder, dtype="bfloat16", guidance=1.0).generate(latents)
    full = make(folder, guidance=1.0).generate(latents)
    assert np.abs(found.astype(int) - full).mean() < 10


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"strength": 1.5}, "strength 1.5 -> give 0 to 1"),
        ({"mixing": -0.1}, "mixing -0.1"),
        ({"guidance": 0.5}, r"guidance 0.5 -> give 1 \(none\) or more"),
        ({"steps": 0}, "steps 0"),
        ({"dtype": "float8"}, "unknown dtype 'float8', did you mean"),
        ({"strenght": 0.5}, "unknown option of the generator diffusion 'strenght'"),
    ],
)
def test_settings_that_cannot_be_are_refused_before_anything_is_loaded(option, said, tmp_path):
    with pytest.raises(ConfigFault, match=said):
        make(tmp_path / "nowhere", **option)


def copy_of(folder, target, *without):
    for part in folder.iterdir():
        if part.name not in without:
            (target / part.name).symlink_to(part)
    return target


def test_parts_that_are_missing_damaged_or_of_another_network_are_named(folder, tmp_path):
    with pytest.raises(DataFault, match="folder of a diffusion pipeline not found"):
        make(tmp_path / "nowhere")
    with pytest.raises(DataFault, match="lacks image_unet, vae, scheduler"):
        make(tmp_path)
    place = copy_of(folder, tmp_path, "vae", "text_unet")
    (place / "vae").mkdir()
    with pytest.raises(DataFault, match=r"lacks diffusion_pytorch_model.safetensors .*text_unet"):
        make(place)
    (place / "text_unet").symlink_to(folder / "text_unet")
    with pytest.raises(DataFault, match=r"lacks config.json .*vae"):
        make(place)
    weights = "diffusion_pytorch_model.safetensors"
    (place / "vae" / "config.json").write_bytes((folder / "vae" / "config.json").read_bytes())
    (place / "vae" / weights).write_bytes((folder / "vae" / weights).read_bytes()[:-99])
    with pytest.raises(DataFault, match=r"cannot be loaded: .*vae"):
        make(place)
    (place / "text_unet").unlink()
    (place / "text_unet").mkdir()
    (place / "text_unet" / weights).write_bytes((folder / "vae" / weights).read_bytes())
    with pytest.raises(DataFault, match=r"parameters have no weights .*attentions\.0\.text"):
        make(place)


def test_nothing_in_a_folder_runs_code(folder, tmp_path):
    import pickle

    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    place = tmp_path / "pipeline"
    place.mkdir()
    copy_of(folder, place, "text_unet")
    (place / "text_unet").mkdir()
    (place / "text_unet" / "diffusion_pytorch_model.bin").write_bytes(
        pickle.dumps({"a": Trap()}, protocol=2)
    )
    script = f"open({str(tmp_path / 'ran')!r}, 'w')\n"
    (place / "pipeline.py").write_text(script)
    (place / "model_index.json").write_text(json.dumps({"_class_name": ["pipeline", "Pipeline"]}))
    with pytest.raises(DataFault, match="weights cannot be read"):
        make(place)
    (place / "text_unet" / "diffusion_pytorch_model.bin").unlink()
    (place / "text_unet").rmdir()
    (place / "text_unet").symlink_to(folder / "text_unet")
    make(place)
    assert not (tmp_path / "ran").exists()


def test_weights_in_a_bin_are_read_without_running_code(folder, latents, tmp_path):
    from safetensors.torch import load_file

    place = copy_of(folder, tmp_path, "text_unet")
    (place / "text_unet").mkdir()
    tensors = load_file(folder / "text_unet" / "diffusion_pytorch_model.safetensors")
    torch.save(tensors, place / "text_unet" / "diffusion_pytorch_model.bin")
    np.testing.assert_array_equal(make(place).generate(latents), make(folder).generate(latents))


def test_a_name_that_is_not_here_is_a_fault_at_once_when_offline(monkeypatch):
    monkeypatch.setenv("NEURODECODE_OFFLINE", "1")
    began = time.perf_counter()
    with pytest.raises(NetworkFault, match=r"no-one/no-such.*copy its subfolders image_unet, vae"):
        make("no-one/no-such")
    assert time.perf_counter() - began < 5


def test_no_progress_is_printed_where_nobody_watches(folder, latents, capsys):
    make(folder).generate(latents)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")
