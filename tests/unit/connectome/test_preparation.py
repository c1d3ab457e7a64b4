"""From scans to stores, and what a study makes of several of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.config import validate
from neurodecode.connectome.config import ADHDConfig
from neurodecode.connectome.config_scans import MapSection, ScanSection
from neurodecode.connectome.decoders import decoder_of
from neurodecode.connectome.preparation import prepare_people, spatial_parcels
from neurodecode.connectome.study import READY, Study
from neurodecode.datasets.resting.recording import RestingScan
from neurodecode.faults import ConfigFault, DataFault

MAPS = MapSection(features=("degree", "three_cycles"), thetas=(0.1, 0.3))
REGIONS = tuple(f"region {k}" for k in range(12))


def scan(subject, seed, *, run="1", n_times=80, **options):
    rng = np.random.default_rng(seed)
    courses = rng.standard_normal((n_times, 12)) + rng.standard_normal((n_times, 1)) / 2
    return RestingScan(subject, run, 2.0, courses=courses.astype(np.float32), regions=REGIONS,
                       motion=rng.random((n_times, 6)) / 50, **options)  # fmt: skip


def table(*subjects):
    rows = [{"subject": s, "group": k % 2, "dx": str(k % 2), "site": "ab"[k % 3 == 0], "sex": "F",
             "age": 10.0, "handedness": 1.0, "verbal_iq": 100.0, "performance_iq": 100.0,
             "full_iq": 100.0} for k, s in enumerate(subjects)]  # fmt: skip
    return pd.DataFrame(rows)


def prepare(folder, scans, *, maps=MAPS, **options):
    """Prepare people, given their runs by label."""
    return prepare_people(folder, table(*scans), scans.__getitem__, None, ScanSection(**options),
                          maps)  # fmt: skip


def study_of(*folders, **settings):
    maps = {"features": ["degree", "three_cycles"], "thetas": [0.1, 0.3]}
    tree = {"description": "", "data": {"dataset": "local"}, "maps": maps,
            "models": ["3-cycles", "all control"], **settings}  # fmt: skip
    return Study(validate(ADHDConfig, tree), folders)


def test_several_runs_stop_unless_the_first_or_the_mean_of_maps_is_asked_for(tmp_path):
    runs = {"01": [scan("01", 1), scan("01", 2, run="2")], "02": [scan("02", 3)]}
    with pytest.raises(DataFault, match=r"2 runs \(1, 2\).*subject 01.*scans.runs=average"):
        prepare(tmp_path / "stop", runs)
    prepare(tmp_path / "first", runs, runs="first")
    prepare(tmp_path / "average", runs, runs="average")
    alone = [{"01": [scan("01", seed)], "02": [scan("02", 3)]} for seed in (1, 2)]
    for name, people in zip(("one", "two"), alone, strict=True):
        prepare(tmp_path / name, people)
    degree = decoder_of("degree")
    first, average, one, two = (
        study_of(tmp_path / name, search={"scaling": "raw"}).inputs(degree)["theta 0.3"]
        for name in ("first", "average", "one", "two")
    )
    assert (first == one).all()
    assert average[0] == pytest.approx((one[0] + two[0]) / 2)


def test_maps_that_are_there_are_not_computed_again(tmp_path):
    people = {"01": [scan("01", 1)], "02": [scan("02", 2)]}
    prepare(tmp_path, people)
    assert pd.read_parquet(tmp_path / "people.parquet")["seconds"].notna().all()
    prepare(tmp_path, people)
    assert pd.read_parquet(tmp_path / "people.parquet")["seconds"].isna().all()


def test_a_row_has_volumes_motion_and_repetition_time(tmp_path):
    prepare(tmp_path, {"01": [scan("01", 1, n_times=70)]})
    row = pd.read_parquet(tmp_path / "people.parquet").iloc[0]
    assert (row["n_volumes"], row["t_r"], row["n_runs"]) == (70, 2.0, 1)
    assert 0 < row["mean_fd"] < row["max_fd"]


def test_the_same_scan_under_two_names_is_found(tmp_path):
    prepare(tmp_path / "a", {"01": [scan("01", 1)], "02": [scan("02", 2)]})
    prepare(tmp_path / "b", {"03": [scan("03", 1)]})
    with pytest.raises(DataFault, match="the same scan of 01 and 03"):
        _ = study_of(tmp_path / "a", tmp_path / "b").people


def test_isolated_voxels_and_notes_of_the_loader_are_in_the_store(tmp_path):
    flat = scan("01", 1, notes=("a remark",))
    flat.courses[:, 3] = 5.0
    info = prepare(tmp_path, {"01": [flat]}, bad_voxels="isolate")
    assert info["mended"]["01"] == ["run 1: 1 constant or NaN voxels without edges", "a remark"]
    with pytest.raises(DataFault, match=r"subject 01, run 1, region 3"):
        prepare(tmp_path, {"01": [flat]})


def test_other_regions_and_too_few_volumes_name_the_person(tmp_path):
    other = RestingScan("02", "1", 2.0, courses=scan("02", 2).courses[:, :5], regions=REGIONS[:5])
    with pytest.raises(DataFault, match=r"5 regions, others have 12.*subject 02, run 1"):
        prepare(tmp_path, {"01": [scan("01", 1)], "02": [other]})
    with pytest.raises(DataFault, match=r"40 volumes.*subject 01, run 1"):
        prepare(tmp_path, {"01": [scan("01", 1, n_times=40)]})


def test_ready_vectors_need_no_maps_and_network_models_say_so(tmp_path):
    def ready(subject, seed):
        values = np.random.default_rng(seed).random(30).astype(np.float32)
        return [RestingScan(subject, "1", None, features={"alff": values})]

    people = {"01": ready("01", 1), "02": ready("02", 2)}
    prepare(tmp_path, people)
    study = study_of(tmp_path, search={"scaling": "raw"})
    found = study.inputs(decoder_of("region features"))
    assert list(found) == [READY]
    assert found[READY].shape == (2, 30)
    with pytest.raises(ConfigFault, match="no network maps: the scans have no courses"):
        study.inputs(decoder_of("degree"))
    with pytest.raises(ConfigFault, match=r"set scans\.parcels"):
        study.courses()


def test_a_store_without_people_is_passed_over(tmp_path):
    """All of its people may lack a diagnosis."""
    prepare(tmp_path / "a", {"01": [scan("01", 1)], "02": [scan("02", 2)]})
    prepare_people(tmp_path / "b", table("01")[:0], {}.__getitem__, None, ScanSection(), MAPS)
    study = study_of(tmp_path / "a", tmp_path / "b")
    assert list(study.people["subject"]) == ["01", "02"]
    assert study.inputs(decoder_of("degree"))["theta 0.3"].shape == (2, 12)


def test_parcels_are_compact_and_depend_on_places_alone():
    places = np.argwhere(np.ones((6, 6, 6))) * 4.0
    parcels = spatial_parcels(places, 8)
    assert np.array_equal(parcels, spatial_parcels(places, 8))
    assert set(parcels) == set(range(8))
    spread = [places[parcels == k].std(axis=0).max() for k in range(8)]
    assert max(spread) < places.std(axis=0).max()


def test_a_file_names_the_test_people(tmp_path):
    people = {f"{k:02d}": [scan(f"{k:02d}", k)] for k in range(1, 9)}
    prepare(tmp_path / "store", people)
    file = tmp_path / "test.txt"
    file.write_text("07\n08\n")
    study = study_of(tmp_path / "store", split={"test_file": str(file)})
    (fold,) = study.split("train_test")
    assert list(study.people["subject"].iloc[fold.test]) == ["07", "08"]
    file.write_text("77\n")
    with pytest.raises(DataFault, match="0 of 8 people are named"):
        _ = study_of(tmp_path / "store", split={"test_file": str(file)}).people
