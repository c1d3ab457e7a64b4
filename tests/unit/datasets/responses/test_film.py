"""One film: people divided by a hash, segments in blocks of time, targets that are others'."""

from __future__ import annotations

import numpy as np
import pytest

from neurodecode.datasets.responses import RESPONSES
from neurodecode.datasets.responses.film import (
    PARCELS,
    TARGETS,
    divide_people,
    drawn_parcels,
    film_segments,
)
from neurodecode.faults import ConfigFault, DataFault

read = RESPONSES["dev-movie"]
SMALL = {"n_parcels": (4, 9), "segment": 8.0}
NAMES = [f"viewer{i:02d}" for i in range(12)]


def write_film(root, series, names, file):
    root.mkdir(exist_ok=True)
    np.savez(root / file, timeseries=series.astype(np.float32), participant=np.array(names))


@pytest.fixture
def film(tmp_path):
    """Write twelve people and return the root and both arrays."""
    rng = np.random.default_rng(0)
    parcels, targets = rng.standard_normal((12, 60, 10)), rng.standard_normal((12, 60, 5))
    write_film(tmp_path / "film", parcels, NAMES, PARCELS)
    write_film(tmp_path / "film", targets, NAMES, TARGETS)
    return tmp_path / "film", parcels, targets


def spans(cut, part):
    """Return the volumes that the segments of a part cover."""
    chosen = [s for s, of in zip(cut.starts.tolist(), cut.parts, strict=True) if of == part]
    return {volume for start in chosen for volume in range(start, start + cut.length)}


@pytest.mark.parametrize("segment", [4.0, 8.0, 16.0])
def test_no_volume_is_in_two_parts_and_a_segment_lies_between_known_and_test(segment):
    cut = film_segments(168, segment, 2.0, 0.2)
    train, valid, test = (spans(cut, part) for part in ("train", "valid", "test"))
    assert not train & valid
    assert min(test) == 84
    assert min(test) - max(train | valid) - 1 >= cut.length
    starts = np.array([s for s, p in zip(cut.starts, cut.parts, strict=True) if p == "test"])
    assert (np.diff(starts) >= cut.length).all()


def test_targets_come_from_people_who_are_never_subjects(film):
    root, _, targets = film
    group, subjects = divide_people(NAMES, 0)
    assert sorted(group + subjects) == NAMES
    before = read(root, "001", **SMALL)
    for name in subjects:  # whatever subjects showed, their target stays
        targets[NAMES.index(name)] = 99.0
    write_film(root, targets, NAMES, TARGETS)
    after = read(root, "001", **SMALL)
    np.testing.assert_array_equal(before.embeddings.arrays["image"],
                                  after.embeddings.arrays["image"])  # fmt: skip
    targets[NAMES.index(group[0])] *= np.linspace(0.1, 3, 60)[:, None]
    write_film(root, targets, NAMES, TARGETS)
    changed = read(root, "001", **SMALL).embeddings.arrays["image"]
    assert not np.allclose(changed, before.embeddings.arrays["image"])


def test_what_was_shown_in_the_test_changes_no_training_response(film):
    root, parcels, _ = film
    before = read(root, "002", **SMALL)
    parcels[:, 30:] = 7 * parcels[:, 30:] + 3
    write_film(root, parcels, NAMES, PARCELS)
    after = read(root, "002", **SMALL)
    known = (before.trials["part"] != "test").to_numpy()
    np.testing.assert_array_equal(before.responses[known], after.responses[known])
    assert not np.allclose(before.responses[~known], after.responses[~known])


def test_a_scale_and_shift_of_a_whole_time_course_leave_no_trace(film):
    root, parcels, _ = film
    before = read(root, "001", **SMALL).responses
    write_film(root, 5 * parcels - 2, NAMES, PARCELS)
    np.testing.assert_allclose(read(root, "001", **SMALL).responses, before, atol=1e-4)


def test_each_subject_keeps_parcels_of_its_own_and_the_same_ones_again(film):
    found = {label: read(film[0], label, **SMALL) for label in ("001", "002", "003", "004")}
    sizes = [responses.voxels.n_voxels for responses in found.values()]
    assert len(set(sizes)) > 1
    assert all(4 <= size <= 9 for size in sizes)
    again = read(film[0], "001", **SMALL)
    np.testing.assert_array_equal(again.responses, found["001"].responses)
    drawn = {tuple(drawn_parcels(name, (5, 5), 10, 0)) for name in NAMES}
    assert len(drawn) > 3


def test_bins_keep_the_course_of_a_segment_and_average_to_its_mean(film):
    mean = read(film[0], "001", **SMALL)
    course = read(film[0], "001", bins=4, **SMALL)
    n = mean.responses.shape[1]
    assert course.responses.shape[1] == 4 * n
    stretches = course.responses.reshape(len(course.responses), n, 4)
    np.testing.assert_allclose(stretches.mean(axis=2), mean.responses, atol=1e-5)
    assert course.embeddings.arrays["image"].shape[1] == 4 * 5


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"segment": 7.0}, "multiple of 2 s"),
        ({"segment": 60.0}, "shorter segment"),
        ({"bins": 3}, "divisor"),
        ({"n_parcels": (4, 11)}, "within 1 to 10"),
        ({"valid": 1.0}, "share above 0 and below 1"),
        ({"segmen": 8.0}, "did you mean 'segment'"),
    ],
)
def test_an_option_that_does_not_fit_the_film_is_answered_with_what_does(film, options, words):
    with pytest.raises(ConfigFault, match=words):
        read(film[0], "001", **{**SMALL, **options})


def test_an_unknown_subject_is_told_which_there_are(film):
    with pytest.raises(DataFault, match="001 to 006"):
        read(film[0], "040", **SMALL)


def test_files_of_different_people_are_refused(film):
    root, _, targets = film
    write_film(root, targets, NAMES[::-1], TARGETS)
    with pytest.raises(DataFault, match="not the people"):
        read(root, "001", **SMALL)


def test_a_nan_parcel_stops_or_is_left_out(film):
    root, parcels, _ = film
    parcels[:, 40, :3] = np.nan
    write_film(root, parcels, NAMES, PARCELS)
    options = {**SMALL, "n_parcels": (10, 10)}
    with pytest.raises(DataFault, match="3 of 10 voxels are NaN"):
        read(root, "001", **options)
    assert read(root, "001", bad_voxels="drop", **options).voxels.n_voxels == 7


def test_objects_in_a_file_are_not_run(film):
    root, *_ = film
    np.savez(root / PARCELS, timeseries=np.array([{}], dtype=object), participant=np.array(["a"]))
    with pytest.raises(DataFault, match="cannot be read"):
        read(root, "001", **SMALL)


@pytest.mark.realdata
def test_real_people_have_the_published_shapes(realdata):
    found = read(realdata / "dev_movie_fmri", "030", segment=8.0, bins=4)
    assert found.trials["part"].value_counts().to_dict() == {"train": 61, "test": 21, "valid": 13}
    assert 50 * 4 <= found.voxels.n_voxels <= 109 * 4
    assert found.embeddings.arrays["image"].shape == (95, 64 * 4)
