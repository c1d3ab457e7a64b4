"""Maps on disk: whole, resumed, and never those of other data or settings."""

import json
from functools import partial
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from neurodecode import connectome as room
from neurodecode.connectome import MapSettings, SubjectMapStore, VoxelSeries, network_maps
from neurodecode.faults import ConfigFault, DataFault

SETTINGS = MapSettings(
    thetas=(0.3, 0.5), densities=(0.05,),
    features=("degree", "distance_degree", "three_cycles", "weight", "clustering",
              "weighted_triangles"),
)  # fmt: skip


def series(seed, n=60):
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((n, 40)) + rng.standard_normal(40)
    return VoxelSeries.from_array(values, coordinates=rng.uniform(-80, 80, (n, 3)))


def people(*names):
    return [(name, series(seed)) for seed, name in enumerate(names)]


def computed(store, subjects):
    told = []
    store.compute(subjects, progress=lambda name, new: told.append(name) if new else None)
    return told


def test_all_maps_of_a_sweep_equal_those_computed_one_by_one():
    courses = series(0)
    maps = network_maps(courses, SETTINGS)
    assert len(maps) == 18
    assert {values.dtype for values in maps.values()} == {np.dtype("float32")}
    graph = room.voxel_graphs(courses, thetas=[0.5])[0]
    assert (maps["three_cycles theta 0.5"] == room.three_cycle_map(graph)).all()
    assert (maps["distance_degree theta 0.5"] == room.distance_degree_maps(graph)).all()
    assert (maps["degree density 0.05"].sum()) == 2 * int(0.05 * 60 * 59 / 2)


def test_a_run_that_was_stopped_computes_only_what_is_missing(tmp_path):
    store = SubjectMapStore(tmp_path, SETTINGS)
    assert computed(store, people("01", "02")) == ["01", "02"]
    assert computed(store, people("01", "02", "03")) == ["03"]


def test_a_bar_counts_the_subjects_that_are_done(tmp_path, monkeypatch):
    page = StringIO()
    console = partial(Console, file=page, force_terminal=True)
    monkeypatch.setattr("rich.console.Console", lambda **_: console())
    store = SubjectMapStore(tmp_path, SETTINGS)
    assert store.compute(people("01", "02"), progress=True) == ["01", "02"]
    assert "maps of subjects" in page.getvalue()
    assert "100%" in page.getvalue()


def test_other_courses_settings_or_a_damaged_file_are_computed_again(tmp_path):
    store = SubjectMapStore(tmp_path, SETTINGS)
    store.compute(people("01", "02"))
    assert computed(store, [("01", series(7)), *people("", "02")[1:]]) == ["01"]
    file = tmp_path / "sub-02_maps.npz"
    file.write_bytes(file.read_bytes()[:-9])
    assert computed(store, people("", "02")[1:]) == ["02"]
    other = SubjectMapStore(tmp_path, MapSettings(thetas=(0.4,)))
    assert computed(other, people("", "02")[1:]) == ["02"]


def test_maps_are_stacked_one_row_per_subject(tmp_path):
    store = SubjectMapStore(tmp_path, SETTINGS)
    store.compute(people("01", "02"))
    stacked = store.matrix(["02", "01"], "weight theta 0.3")
    expected = [network_maps(series(k), SETTINGS)["weight theta 0.3"] for k in (1, 0)]
    assert (stacked == np.stack(expected)).all()
    assert store.matrix(["01"], "distance_degree theta 0.3").shape == (1, 9 * 60)


def test_the_manifest_says_what_the_maps_come_from(tmp_path):
    SubjectMapStore(tmp_path, SETTINGS).compute(people("0010001"))
    manifest = json.loads((tmp_path / "sub-0010001_maps.json").read_text())
    assert manifest["thetas"] == [0.3, 0.5]
    assert (manifest["dtype"], manifest["n_voxels"], manifest["n_times"]) == ("float32", 60, 40)
    assert len(manifest["mask"]) == len(manifest["sha256"]) == len(manifest["courses"]) == 64


def test_faults_of_stacking_are_named(tmp_path):
    store = SubjectMapStore(tmp_path, SETTINGS)
    store.compute([*people("01"), ("02", series(1, n=59))])
    with pytest.raises(DataFault, match=r"59 values.*subject 02"):
        store.matrix(["01", "02"], "degree theta 0.3")
    with pytest.raises(DataFault, match=r"did you mean 'degree theta 0.3'"):
        store.matrix(["01"], "degre theta 0.3")
    with pytest.raises(DataFault, match="file not found"):
        store.matrix(["03"], "degree theta 0.3")
    (tmp_path / "sub-01_maps.npz").write_bytes(b"<html>")
    with pytest.raises(DataFault, match="not those that were written"):
        store.matrix(["01"], "degree theta 0.3")


def test_a_duplicate_subject_is_refused(tmp_path):
    store = SubjectMapStore(tmp_path, MapSettings(thetas=(0.4,)))
    with pytest.raises(DataFault, match=r"more than once \[01\]"):
        store.compute(people("01", "01"))


def test_a_subject_name_cannot_leave_the_folder(tmp_path):
    with pytest.raises(DataFault, match="cannot be a file's name"):
        SubjectMapStore(tmp_path, SETTINGS).compute(people("../01"))


def test_an_unknown_feature_gets_the_nearest_name():
    with pytest.raises(ConfigFault, match="did you mean 'three_cycles'"):
        MapSettings(features=("three_cycle",))
