"""Redrawing: latents at the generator's scale, candidates chosen as said, leaks marked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neurodecode.config import apply_overrides, read_yaml, validate
from neurodecode.faults import ConfigFault, DataFault
from neurodecode.mindbridge.candidates import choose_candidates, likeness
from neurodecode.mindbridge.config import MindBridgeConfig, RedrawSection, TargetSection
from neurodecode.mindbridge.latents import Guide, guides_of, missing_latents
from neurodecode.mindbridge.sections_redrawn import how_redrawn, leak_note
from neurodecode.mindbridge.targets import Target, Targets

FOLDER = Path(__file__).parents[3] / "configs" / "mindbridge"
TOKENS = {"pooling": "tokens", "space": "normalised"}


class Diffusion:
    """A generator with the latents of dual-guided diffusion, made smaller."""

    def __init__(self, strength=1.0):
        self.strength = strength
        self.latents = {"vision": (3, 4), "text": (2, 4), "autokl": (1, 2, 2)}

    def targets(self):
        return {"vision": ("clip_vision", TOKENS), "text": ("clip_text", TOKENS),
                "autokl": ("autokl", {})}  # fmt: skip

    def settings(self):
        return {"strength": self.strength}


def target(name, shape, *, n=20, offset=0.0):
    values = np.random.default_rng(0).normal(2, 3, (n, *shape)).astype(np.float32)
    return Target(name, {str(i): i for i in range(n)}, values, offset)


def chosen(**options):
    both = {"clip_vision": TOKENS, "clip_text": TOKENS}
    return TargetSection(image="clip_vision", text="clip_text", options=options or both)


def config_of(*overrides):
    tree = read_yaml(FOLDER / "smoke.yaml")
    return validate(MindBridgeConfig, apply_overrides(tree, overrides))


def test_image_tokens_guide_as_vision_and_text_tokens_as_text():
    targets = Targets(target("clip_vision", (3, 4)), target("clip_text", (2, 4)))
    found = guides_of(chosen(), targets, Diffusion())
    assert {latent: guide.head for latent, guide in found.items()} == {
        "vision": "image", "text": "text",
    }  # fmt: skip


def test_a_latent_that_no_head_estimates_is_named_with_the_target_it_needs():
    targets = Targets(target("clip_vision", (3, 4)), None)
    with pytest.raises(ConfigFault, match=r"'text'.*clip_text"):
        guides_of(chosen(), targets, Diffusion())


def test_tokens_in_another_space_are_refused():
    targets = Targets(target("clip_vision", (3, 4)), target("clip_text", (2, 4)))
    other = chosen(clip_vision={**TOKENS, "space": "projected"}, clip_text=TOKENS)
    with pytest.raises(ConfigFault, match=r"target\.options\.clip_vision\.space=normalised"):
        guides_of(other, targets, Diffusion())


def test_drawing_starts_from_noise_alone_or_not_at_all():
    found = missing_latents(Diffusion(), {"vision": 0, "text": 0}, 5)
    assert found["autokl"].shape == (5, 1, 2, 2)
    assert not found["autokl"].any()
    with pytest.raises(ConfigFault, match=r"redraw\.options\.strength=1"):
        missing_latents(Diffusion(strength=0.75), {"vision": 0, "text": 0}, 5)


def test_restandardised_latents_have_the_moments_of_the_training_targets():
    mine = target("latent", (4,))
    estimates = np.random.default_rng(1).normal(0, 0.01, (30, 4)).astype(np.float32)
    found = Guide("text", mine).latents(estimates, list(mine.places), restandardised=True)
    np.testing.assert_allclose(found.mean(axis=0), mine.embeddings.mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(found.std(axis=0), mine.embeddings.std(axis=0), rtol=1e-4)


@pytest.mark.parametrize("length", [0.1, 50.0])
def test_the_length_of_an_estimate_which_training_leaves_free_changes_no_latent(length):
    rng = np.random.default_rng(1)
    for shape in ((3, 4), (4,)):
        mine = target("x", shape)
        estimates = rng.normal(size=(6, *shape)).astype(np.float32)
        of = Guide("image", mine).latents
        one = of(estimates, list(mine.places), restandardised=False)
        other = of(length * estimates, list(mine.places), restandardised=False)
        np.testing.assert_allclose(one, other, rtol=1e-4)
    tokens = Guide("image", target("x", (3, 4))).latents(
        rng.normal(size=(6, 3, 4)).astype(np.float32), ["0"], restandardised=False
    )
    np.testing.assert_allclose(np.linalg.norm(tokens[:, 0], axis=1), 1, rtol=1e-5)


def test_what_centring_took_away_is_given_back():
    offset = np.full(4, 100, np.float32)
    mine = target("latent", (4,), offset=offset)
    estimates = np.random.default_rng(1).normal(size=(6, 4)).astype(np.float32)
    for restandardised in (True, False):
        found = Guide("text", mine).latents(
            estimates, list(mine.places), restandardised=restandardised
        )
        assert found.mean() == pytest.approx(100, abs=8)


def test_the_nearest_candidate_of_each_picture_is_kept():
    values = np.array([[1, 5, 2], [4, 3, 2], [0, 9, 1]])  # candidate, picture

    def draw(candidate):
        return values[candidate].astype(np.uint8).reshape(3, 1, 1, 1).repeat(3, axis=3)

    pictures, kept = choose_candidates(draw, lambda found: found[:, 0, 0, 0].astype(float), 3)
    assert pictures[:, 0, 0, 0].tolist() == [4, 9, 2]
    assert kept.tolist() == [1, 2, 0]


def test_one_candidate_is_kept_without_looking():
    def never(found):
        raise AssertionError("looked")

    _, kept = choose_candidates(lambda _: np.zeros((2, 1, 1, 3), np.uint8), never, 1)
    assert kept.tolist() == [0, 0]


def test_likeness_is_the_cosine_of_pairs_and_refuses_other_shapes():
    a = np.random.default_rng(0).normal(size=(5, 2, 3))
    np.testing.assert_allclose(likeness(a, 3 * a), 1)
    np.testing.assert_allclose(likeness(a, -a), -1)
    with pytest.raises(DataFault, match="compared"):
        likeness(a, a[:, :1])


def test_choice_by_the_true_picture_is_marked_as_leaking():
    leaking = RedrawSection(generator="drawn", candidates=4, choice="truth")
    assert leak_note(leaking)[0].startswith("leaks:")
    assert "nearest to the true picture" in how_redrawn(leaking, {})
    honest = RedrawSection(generator="drawn", candidates=4)
    assert leak_note(honest) == []
    assert "had no say" in how_redrawn(honest, {})


def test_candidates_are_not_compared_with_what_is_no_picture_encoders():
    with pytest.raises(ConfigFault, match=r"redraw\.choice"):
        config_of("target.image=latent")
    with pytest.raises(ConfigFault, match="both heads"):
        config_of("models=[ridge]")
