"""The simulated brain answers pictures when and as strongly as stated."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest

from neurodecode.datasets.simulate.heads import Person
from neurodecode.datasets.simulate.viewing_features import (
    Features,
    encode_pictures,
    whitened_components,
)
from neurodecode.datasets.simulate.viewing_sources import (
    PARTS,
    SOURCES,
    Weights,
    response_seconds,
    time_courses,
)
from neurodecode.faults import DataFault
from neurodecode.stimuli.pictures import encoder

SFREQ = 1000.0
NAMES = [part.name for part in PARTS]


def random_features(n=400, n_low=4, n_high=6, seed=0):
    rng = np.random.default_rng(seed)
    parts = (whitened_components(rng.standard_normal((n, k)), k) for k in (n_low, n_high))
    return Features(tuple(f"{i:03d}.png" for i in range(n)), *parts)


def weights(low=1.0, high=1.0, features=None, duration=0.5):
    features = features or random_features()
    drawn = Weights.draw(features, np.random.default_rng(1))
    return drawn.scaled(features, {"low": low, "high": high}, duration, SFREQ)


def typical_courses(duration=0.5):
    courses = time_courses(Person.typical(len(SOURCES)), duration, SFREQ)
    return dict(zip(NAMES, courses, strict=True))


def span(course):
    """First and last time, s, at which any source is active."""
    active = np.flatnonzero(np.abs(course).max(axis=0) > 1e-6)
    return active[0] / SFREQ, active[-1] / SFREQ


def test_the_shares_of_a_level_sum_to_one():
    for level in ("low", "high"):
        assert sum(part.share for part in PARTS if part.level == level) == pytest.approx(1)


@pytest.mark.parametrize("duration", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_nothing_happens_in_the_first_50_ms_nor_after_the_stated_end(duration, seed):
    person = Person.draw(len(SOURCES), np.random.default_rng(seed))
    kernels = weights(duration=duration).kernels(person, duration, SFREQ)
    assert kernels.shape == (12, 11, round(response_seconds(duration) * SFREQ))
    assert np.abs(kernels[..., : round(0.05 * SFREQ) + 1]).max() < 1e-12
    assert np.abs(kernels[..., -10:]).max() < 1e-3 * np.abs(kernels).max()


def test_the_early_part_peaks_at_105_to_150_ms_and_is_gone_by_260():
    early = typical_courses()["early"]
    peaks = early.argmax(axis=1) / SFREQ
    assert peaks.min() == pytest.approx(0.105)
    assert peaks.max() == pytest.approx(0.150)
    assert span(early)[1] <= 0.26
    assert early[:, 250:].sum() < 0.01 * early.sum()


def test_the_late_part_peaks_along_the_ventral_stream_at_220_to_340_ms():
    late = typical_courses()["late"]
    peaks = {source.name: late[i].argmax() / SFREQ for i, source in enumerate(SOURCES)}
    order = ("striate", "extrastriate", "lateral_occipital", "fusiform", "inferior_temporal")
    times = [peaks[f"{name}_left"] for name in order]
    assert times == sorted(times)
    assert (times[0], times[-1]) == (pytest.approx(0.22), pytest.approx(0.33))


@pytest.mark.parametrize("duration", [0.5, 0.8])
def test_the_sustained_part_lasts_until_the_offset_and_the_offset_is_answered(duration):
    courses = typical_courses(duration)
    held = courses["sustained"][:, round(0.45 * SFREQ) : round(duration * SFREQ)]
    assert held.min() > 0.99
    assert span(courses["sustained"])[1] == pytest.approx(duration + 0.2, abs=0.002)
    begin, end = span(courses["offset"])
    assert begin > duration + 0.05
    assert end < duration + 0.3
    assert courses["offset"].argmax(axis=1) / SFREQ == pytest.approx(duration + 0.15)


def test_a_longer_picture_is_answered_in_the_same_way_until_the_shorter_one_goes():
    shorter, longer = typical_courses(0.5), typical_courses(0.8)
    for name in NAMES:
        np.testing.assert_array_equal(shorter[name][:, :500], longer[name][:, :500])


def test_each_level_has_its_power_and_drives_its_own_parts_only():
    features = random_features()
    kernels = weights(2.0, 3.0, features).kernels(Person.typical(12), 0.5, SFREQ)
    for level, power in (("low", 2.0), ("high", 3.0)):
        columns = slice(1, 5) if level == "low" else slice(5, 11)
        own = kernels[:, columns]
        evoked = np.einsum("nf,sfl->nsl", features.level(level), own)
        assert evoked.var(axis=0).sum(axis=0).mean() == pytest.approx(power, rel=0.15)
        energy = (own**2).sum(axis=(0, 1))
        before, onset = energy[:200].sum() / energy.sum(), energy[:500].sum() / energy.sum()
        if level == "low":
            assert before > 0.6
            assert onset > 0.75
        else:
            assert before < 0.1
            assert 0.5 < onset < 0.85


def test_every_picture_evokes_something_common():
    kernels = weights().kernels(Person.typical(12), 0.5, SFREQ)
    constant, rest = (kernels[:, 0] ** 2).sum(), (kernels[:, 1:] ** 2).sum()
    assert 0.2 < constant / rest < 5


def test_people_answer_later_and_more_strongly():
    person = Person(np.full(12, 0.02), np.full(12, 3.0))
    typical, shifted = (weights().kernels(p, 0.5, SFREQ) for p in (Person.typical(12), person))
    early = np.abs(typical[:2, 1:5]).sum(axis=(0, 1))[:280]
    later = np.abs(shifted[:2, 1:5]).sum(axis=(0, 1))[:280]
    assert later.argmax() - early.argmax() == 20
    assert later.max() == pytest.approx(3 * early.max(), rel=1e-6)


@pytest.fixture
def stub(monkeypatch):
    """Register an encoder "stub" whose option ``features`` is what it says of the pictures."""

    class Stub:
        def __init__(self, features):
            self.features = features

        def encode(self, pictures, labels):
            return np.asarray(self.features, dtype=np.float32)

    module = ModuleType("stub_of_a_picture_encoder")
    module.Stub = Stub
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for name in ("stub", "other"):
        monkeypatch.setitem(encoder.PICTURE_ENCODERS, name, (module.__name__, "Stub"))


def encoded(n_components=5, **features):
    n = len(next(iter(features.values())))
    options = {name: {"features": values} for name, values in features.items()}
    return encode_pictures(options, [None] * n, [""] * n, n_components)


def test_components_are_whitened_leading_first_and_of_fixed_sign(stub):
    rng = np.random.default_rng(0)
    hidden = rng.standard_normal((200, 6))
    features = hidden * [9, 5, 3, 2, 1, 0.5] + 100
    found = encoded(3, stub=features)
    np.testing.assert_allclose(found.T @ found / 200, np.eye(3), atol=1e-6)
    for k in range(3):
        assert abs(np.corrcoef(found[:, k], hidden[:, k])[0, 1]) > 0.9
        assert found[np.abs(found[:, k]).argmax(), k] > 0
    np.testing.assert_allclose(encoded(3, stub=200 - features), found, atol=1e-3)


def test_encoders_of_any_scale_and_width_count_the_same(stub):
    rng = np.random.default_rng(0)
    one, two = rng.standard_normal((2, 300, 1))
    found = encoded(2, stub=np.repeat(1000 * one, 50, axis=1), other=two)
    shared = [np.corrcoef(c[:, 0], found.T)[0, 1:] ** 2 for c in (one, two)]
    np.testing.assert_allclose(np.sum(shared, axis=1), 1, atol=1e-6)


def test_features_of_few_dimensions_have_few_components(stub):
    rng = np.random.default_rng(0)
    plane = rng.standard_normal((50, 2)) @ rng.standard_normal((2, 30))
    assert encoded(8, stub=plane).shape == (50, 2)
    assert encoded(8, stub=rng.standard_normal((4, 2, 15))).shape == (4, 3)


def test_an_encoder_that_tells_no_pictures_apart_is_named(stub):
    with pytest.raises(DataFault, match="encoder stub says the same"):
        encoded(stub=np.ones((5, 3)))
