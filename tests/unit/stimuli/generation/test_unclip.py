"""unCLIP gives the pictures of diffusers' pipeline from the same embedding and noise."""

from __future__ import annotations

import json

import numpy as np
import pytest

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.stimuli.generation.denoising import picture_noise
from neurodecode.stimuli.generation.generator import make_generator

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
diffusers = pytest.importorskip("diffusers")
WIDTH, SIDE = 10, 8


@pytest.fixture(scope="module")
def folder(tmp_path_factory, save_tokenizer, make_vae):
    """Save a random pipeline of the kind of Stable unCLIP."""
    from diffusers.pipelines.stable_diffusion import StableUnCLIPImageNormalizer

    torch.manual_seed(0)
    place = tmp_path_factory.mktemp("unclip")
    normalizer = StableUnCLIPImageNormalizer(embedding_dim=WIDTH)
    normalizer.mean.data = torch.randn(1, WIDTH)
    normalizer.std.data = torch.rand(1, WIDTH) + 0.5
    parts = {
        "image_normalizer": normalizer,
        "image_noising_scheduler": diffusers.DDPMScheduler(beta_schedule="squaredcos_cap_v2"),
        "unet": diffusers.UNet2DConditionModel(
            sample_size=SIDE, block_out_channels=(16, 32), layers_per_block=1,
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"), attention_head_dim=(2, 4),
            cross_attention_dim=12, class_embed_type="projection",
            projection_class_embeddings_input_dim=2 * WIDTH, norm_num_groups=4,
        ),
        "vae": make_vae(),
        "text_encoder": transformers.CLIPTextModel(
            transformers.CLIPTextConfig(
                vocab_size=20, max_position_embeddings=7, eos_token_id=19, bos_token_id=18,
                pad_token_id=0, hidden_size=12, intermediate_size=24, num_hidden_layers=2,
                num_attention_heads=2,
            )
        ),
        "scheduler": diffusers.DDIMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False,
            set_alpha_to_one=False, steps_offset=1, prediction_type="v_prediction",
        ),
    }  # fmt: skip
    for name, part in parts.items():
        part.save_pretrained(place / name)
    save_tokenizer(place / "tokenizer", 7)
    return place


def make(folder, **options):
    return make_generator("unclip", model=str(folder), **{"steps": 6, **options})


def embeddings(n=3, seed=0):
    values = np.random.default_rng(seed).standard_normal((n, WIDTH)).astype(np.float32)
    return {"vision": values}


def theirs(folder, embedding, generator, *, steps=6, **options):
    """Return one picture of diffusers' pipeline, its parts loaded by their own classes."""
    from diffusers.pipelines.stable_diffusion import StableUnCLIPImageNormalizer

    def load(kind, name):
        return kind.from_pretrained(folder / name, low_cpu_mem_usage=False)

    vae = load(diffusers.AutoencoderKL, "vae")
    # Of the picture's encoder only the type of its numbers is read.
    pipeline = diffusers.StableUnCLIPImg2ImgPipeline(
        None, vae, load(StableUnCLIPImageNormalizer, "image_normalizer"),
        diffusers.DDPMScheduler.from_pretrained(folder / "image_noising_scheduler"),
        transformers.CLIPTokenizer.from_pretrained(folder / "tokenizer"),
        transformers.CLIPTextModel.from_pretrained(folder / "text_encoder"),
        load(diffusers.UNet2DConditionModel, "unet"),
        diffusers.DDIMScheduler.from_pretrained(folder / "scheduler"),
        vae,
    )  # fmt: skip
    pipeline.set_progress_bar_config(disable=True)
    return pipeline(
        prompt="", image_embeds=torch.from_numpy(embedding), num_inference_steps=steps,
        generator=generator, output_type="np", height=16, width=16, **options,
    ).images  # fmt: skip


@pytest.mark.parametrize(("guidance", "level"), [(10.0, 0), (1.0, 0), (3.0, 400)])
def test_pictures_are_those_of_diffusers(folder, guidance, level):
    latents = embeddings()
    found = make(folder, guidance=guidance, noise_level=level).generate(latents, random_state=5)
    assert found.shape == (3, 16, 16, 3)
    for i in range(3):
        expected = theirs(
            folder, latents["vision"][i : i + 1], picture_noise(5, i),
            guidance_scale=guidance, noise_level=level,
        )  # fmt: skip
        np.testing.assert_allclose(found[i], 255 * expected[0], atol=0.6)


def test_same_seed_same_pictures_whatever_the_batch(folder):
    generator = make(folder)
    found = generator.generate(embeddings(), random_state=1)
    np.testing.assert_array_equal(generator.generate(embeddings(), random_state=1), found)
    single = make(folder, batch_size=2).generate(embeddings(), random_state=1)
    assert np.abs(single.astype(int) - found).max() <= 1
    assert not np.array_equal(generator.generate(embeddings(), random_state=2), found)
    assert not np.array_equal(generator.generate(embeddings(seed=1), random_state=1), found)
    assert generator.generate(embeddings(0)).shape == (0, 16, 16, 3)


def test_what_does_not_fit_is_named(folder, tmp_path):
    generator = make(folder)
    assert generator.latents == {"vision": (WIDTH,)}
    assert set(generator.targets()) == {"vision"}
    with pytest.raises(DataFault, match=r"'vision' of one picture .* \(9,\), .* takes \(10,\)"):
        generator.generate({"vision": embeddings()["vision"][:, :9]})
    with pytest.raises(ConfigFault, match=r"noise_level 1000 .*0 to 999"):
        make(folder, noise_level=1000)
    with pytest.raises(DataFault, match="lacks unet, vae"):
        make(tmp_path)


def test_settings_tell_apart_what_changes_the_pictures(folder):
    settings = make(folder).settings()
    assert make(folder, batch_size=1).settings() == settings
    for change in ({"guidance": 2.0}, {"noise_level": 5}, {"steps": 9}):
        assert make(folder, **change).settings() != settings, change
    json.dumps(settings)
