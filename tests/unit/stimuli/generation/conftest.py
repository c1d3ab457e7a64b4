"""Tiny random parts that diffusion pipelines have in common."""

from __future__ import annotations

import json

import pytest


@pytest.fixture(scope="session")
def save_tokenizer(tmp_path_factory, quiet):
    """Return a function that saves a CLIP tokenizer of 20 tokens into a folder."""
    import transformers

    words = {f"{chr(97 + i)}</w>": i for i in range(18)}
    words |= {"<|startoftext|>": 18, "<|endoftext|>": 19}
    work = tmp_path_factory.mktemp("words")
    (work / "vocab.json").write_text(json.dumps(words))
    (work / "merges.txt").write_text("#version: 0.2\n")

    def save(folder, n_tokens):
        made = transformers.CLIPTokenizer.from_pretrained(str(work), model_max_length=n_tokens)
        made.save_pretrained(folder)

    return save


@pytest.fixture(scope="session")
def make_vae():
    """Return a function that makes an autoencoder of 16 x 16 pictures and 4 x 8 x 8 latents."""
    import diffusers

    def make():
        return diffusers.AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
            block_out_channels=(8, 16), latent_channels=4, norm_num_groups=4, sample_size=16,
        )  # fmt: skip

    return make


@pytest.fixture(scope="session")
def quiet():
    """Keep transformers and diffusers from warning about what a tiny pipeline lacks."""
    import diffusers
    import transformers

    for package in (transformers, diffusers):
        package.utils.logging.set_verbosity_error()
        package.utils.logging.disable_progress_bar()
