"""Units are recognised by their range; missing and negative values go by policy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.datasets.morphometry.checks import tidy
from neurodecode.datasets.morphometry.magnitudes import typical, variation
from neurodecode.faults import ConfigFault, DataFault


def table(**changed):
    columns = {
        "left_hippocampus_volume": [3600.0, 3400.0, 3900.0],
        "left_vessel_volume": [40.0, 0.0, 20.0],
        "lh_entorhinal_thickness": [3.3, 3.1, 3.0],
        "lh_entorhinal_area": [410.0, 450.0, 430.0],
        "etiv": [1.5e6, 1.4e6, 1.6e6],
    }
    return pd.DataFrame({**columns, **changed}, index=pd.Index(["a", "b", "c"], name="subject"))


def test_a_table_in_the_right_units_passes_unchanged():
    pd.testing.assert_frame_equal(tidy(table(), where="file"), table())


@pytest.mark.parametrize(
    ("column", "factor", "unit"),
    [
        ("left_hippocampus_volume", 1e-3, "cm3"),
        ("lh_entorhinal_thickness", 1e3, "um"),
        ("lh_entorhinal_thickness", 0.1, "cm"),
        ("lh_entorhinal_area", 1e-2, "cm2"),
        ("etiv", 1e-3, "cm3"),
        ("etiv", 1e-6, "litres"),
    ],
)
def test_other_units_are_named_or_converted(column, factor, unit):
    other = table(**{column: table()[column] * factor})
    with pytest.raises(DataFault, match=rf"{column}.*looks like {unit}.*units=convert"):
        tidy(other, where="file")
    converted = tidy(other, where="file", units="convert")
    pd.testing.assert_series_equal(converted[column], table()[column])
    assert unit in converted.attrs["notes"][0]


def test_a_structure_of_no_known_size_follows_the_others():
    other = table(left_hippocampus_volume=[3.6, 3.4, 3.9], left_vessel_volume=[0.04, 0.0, 0.02])
    converted = tidy(other, where="file", units="convert")
    assert converted["left_vessel_volume"].tolist() == [40, 0, 20]


def test_a_size_of_no_unit_is_refused():
    with pytest.raises(DataFault, match=r"left_hippocampus_volume: its median 1.08e\+06 fits no"):
        tidy(table(left_hippocampus_volume=[1.08e6] * 3), where="file")


@pytest.mark.parametrize(
    ("column", "value"),
    [("left_hippocampus_volume", -1.0), ("left_hippocampus_volume", np.nan),
     ("lh_entorhinal_thickness", 0.0)],
)  # fmt: skip
def test_missing_values_go_by_policy(column, value):
    values = table()[column].to_list()
    lacking = table(**{column: [values[0], value, values[2]]})
    with pytest.raises(DataFault, match=rf"subject b: {column} is .*\[file\].*missing=drop_sub"):
        tidy(lacking, where="file")
    assert tidy(lacking, where="file", missing="drop_subject").index.tolist() == ["a", "c"]
    without = tidy(lacking, where="file", missing="drop_measure")
    assert column not in without
    assert len(without) == 3
    kept = tidy(lacking, where="file", missing="keep")
    assert np.isnan(kept.loc["b", column])
    assert kept.attrs["notes"] == ("1 values are missing",)


def test_a_measure_that_nobody_has_costs_no_subject():
    kept = tidy(table(lh_entorhinal_area=[np.nan] * 3), where="file", missing="drop_subject")
    assert kept.shape == (3, 4)


def test_nothing_left_is_a_fault():
    values = {name: [np.nan, 1.0, 1.0] for name in ("lh_insula_area", "rh_insula_area")}
    frame = pd.DataFrame(values, index=pd.Index(["a", "b", "c"], name="subject"))
    frame.loc["b", "lh_insula_area"] = frame.loc["c", "rh_insula_area"] = np.nan
    with pytest.raises(DataFault, match="nothing is left"):
        tidy(frame * 2300, where="file", missing="drop_subject")


def test_text_in_a_measure_and_unknown_policies_are_refused():
    with pytest.raises(DataFault, match=r"subject c: etiv|subject c: left_vessel_volume 'few'"):
        tidy(table(left_vessel_volume=[1, 2, "few"]), where="file")
    with pytest.raises(ConfigFault, match=r"'drop', did you mean 'stop'|did you mean"):
        tidy(table(), where="file", missing="drop_subjects")
    with pytest.raises(ConfigFault, match="did you mean 'convert'"):
        tidy(table(), where="file", units="converted")


def test_every_measure_of_the_atlas_has_a_plausible_size():
    assert 1500 < typical("lh_entorhinal_volume") < 2100
    assert typical("left_vessel_volume") is None
    assert typical("rh_insula_thickness") == typical("lh_insula_thickness")
    assert variation("csf_volume") > variation("left_hippocampus_volume")


@pytest.mark.realdata
@pytest.mark.parametrize("kind", ["aseg_table", "lh.aparc_table_thickness"])
def test_sizes_are_those_of_real_brains(realdata, kind):
    from neurodecode.datasets.morphometry.group_tables import read_group_table

    real = read_group_table(realdata / "abide1_freesurfer6" / f"{kind}.tsv")
    ratios = [real[name].median() / typical(name) for name in real if typical(name)]
    assert len(ratios) > 25
    assert np.all((np.array(ratios) > 0.2) & (np.array(ratios) < 2))
