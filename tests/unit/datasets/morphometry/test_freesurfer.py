"""FreeSurfer's files are read by their headers, all versions to one spelling of names."""

from __future__ import annotations

import numpy as np
import pytest

from neurodecode.datasets.morphometry.freesurfer import read_freesurfer
from neurodecode.datasets.morphometry.names import (
    REGIONS,
    STRUCTURES,
    kind_of,
    measure_name,
    select_measures,
    structure_name,
)
from neurodecode.datasets.morphometry.stats import aparc_measures, aseg_measures, read_stats
from neurodecode.faults import ConfigFault, DataFault


def test_both_names_of_the_thalamus_are_one():
    for name in ("Left-Thalamus", "Left-Thalamus-Proper", "Left-Thalamus-Proper*"):
        assert structure_name(name) == "left_thalamus"
    assert structure_name("CC_Mid_Posterior") == "cc_mid_posterior"
    assert structure_name("Left-VentralDC") == "left_ventraldc"


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("lh_entorhinal_thickness", "lh_entorhinal_thickness"),
        ("Left-Hippocampus", "left_hippocampus_volume"),
        ("Left-Hippocampus_volume", "left_hippocampus_volume"),
        ("lh_MeanThickness_thickness", "lh_mean_thickness"),
        ("rhCortexVol", "rh_cortex_volume"),
        ("lh_unknown_thickness", None),
        ("age", None),
    ],
)
def test_columns_are_measures_in_any_spelling(column, name):
    assert measure_name(column) == name


def test_the_atlas_has_34_regions():
    assert len(REGIONS) == 34
    assert len(STRUCTURES) == 29


@pytest.mark.parametrize(
    "etiv",
    ["EstimatedTotalIntraCranialVol, eTIV", "IntraCranialVol, ICV", "IntraCranialVol, ICV "],
)
def test_stats_are_read_by_header_whatever_the_order(tmp_path, aseg, etiv):
    columns = ["StructName", "normMean", "Volume_mm3", "NVoxels", "SegId", "Index"]
    path = tmp_path / "aseg.stats"
    path.write_text(aseg(columns=columns, etiv=etiv, thalamus="Left-Thalamus-Proper"))
    stats = read_stats(path)
    measures = aseg_measures(stats)
    assert stats.etiv == 1500000.5
    assert measures["left_thalamus_volume"] == 6500
    assert measures["left_hippocampus_volume"] == 3600.5  # Volume_mm3, not NVoxels
    assert stats.whole_brain() == {"brain_seg_volume": 1100000.0}


def test_a_measure_in_cm3_is_turned_into_mm3(tmp_path, aseg):
    path = tmp_path / "aseg.stats"
    path.write_text(aseg(unit="cm^3"))
    assert read_stats(path).etiv == 1500000.5e3
    path.write_text(aseg(unit="pints"))
    with pytest.raises(DataFault, match=r"EstimatedTotalIntraCranialVol has the unit 'pints'"):
        read_stats(path)


def test_cortical_stats_give_volume_thickness_and_area(tmp_path, aparc):
    path = tmp_path / "lh.aparc.stats"
    path.write_text(aparc())
    measures = aparc_measures(read_stats(path), "lh")
    assert measures["lh_entorhinal_volume"] == 1900
    assert measures["lh_entorhinal_thickness"] == 3.3
    assert measures["lh_entorhinal_area"] == 420
    assert len(measures) == 6  # what is no region of the atlas is left out


def test_a_subjects_directory_is_one_table(subjects_directory):
    table = read_freesurfer(subjects_directory)
    assert table.index.tolist() == ["anna"]  # neither fsaverage nor the example subject bert
    assert table.loc["anna", "left_thalamus_volume"] == 6500
    assert table.loc["anna", "rh_insula_thickness"] == 2.9
    assert table.loc["anna", "etiv"] == 1500000.5
    assert "brain_seg_volume" not in table
    assert "brain_seg_volume" in read_freesurfer(subjects_directory, whole_brain=True)


def test_a_subject_without_a_file_is_named_or_left_out(subjects_directory):
    (subjects_directory / "bert").rename(subjects_directory / "carl")
    (subjects_directory / "carl/stats/rh.aparc.stats").unlink()
    with pytest.raises(DataFault, match=r"file not found \[.*carl/stats/rh.aparc.stats"):
        read_freesurfer(subjects_directory)
    dropped = read_freesurfer(subjects_directory, missing="drop_subject")
    assert dropped.index.tolist() == ["anna"]
    assert dropped.attrs["notes"] == ("left out for missing values: subject carl",)
    kept = read_freesurfer(subjects_directory, missing="keep")
    assert np.isnan(kept.loc["carl", "rh_insula_area"])


def test_group_tables_are_known_by_their_head(group_tables):
    table = read_freesurfer(group_tables)
    assert table.index.tolist() == ["anna", "ben"]
    assert table.columns.tolist() == [
        "left_thalamus_volume", "left_hippocampus_volume", "right_hippocampus_volume",
        "left_vessel_volume", "etiv", "lh_entorhinal_thickness",
    ]  # fmt: skip
    assert table.loc["anna", "etiv"] == 1500000.5
    whole = read_freesurfer(group_tables, whole_brain=True)
    assert {"lh_cortex_volume", "lh_mean_thickness"} <= set(whole)
    assert read_freesurfer(group_tables / "thick.csv").shape == (2, 2)
    assert read_freesurfer(group_tables, subjects=["ben"]).index.tolist() == ["ben"]


def test_a_group_table_of_intracranial_volumes_of_old_is_read(group_tables):
    path = group_tables / "volumes.tsv"
    path.write_text(path.read_text().replace("EstimatedTotalIntraCranialVol", "IntraCranialVol"))
    assert read_freesurfer(path).loc["ben", "etiv"] == 1400000


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda p: p.write_text(""), "no '# ColHeaders' line"),
        (lambda p: p.write_text("<!DOCTYPE html><html>"), "error page"),
        (lambda p: p.write_text(p.read_text().replace("# ColHeaders", "# Heads")), "before the"),
        (lambda p: p.write_text(p.read_text()[:-8]), r"5 fields where the header names 6"),
        (lambda p: p.write_text(p.read_text().replace("Volume_mm3", "Volume_mm")),
         r"no column 'Volume_mm3'.*is 'Volume_mm' meant"),
        (lambda p: p.write_text(p.read_text().replace("6500.0", "a lot")), "7 fields"),
    ],
)  # fmt: skip
def test_broken_stats_are_named(subjects_directory, break_it, words):
    break_it(subjects_directory / "anna/stats/aseg.stats")
    with pytest.raises(DataFault, match=rf"{words}.*aseg.stats|aseg.stats.*{words}|{words}"):
        read_freesurfer(subjects_directory)


def test_broken_group_tables_are_named(group_tables):
    path = group_tables / "volumes.tsv"
    text = path.read_text()
    path.write_text(text + "ben\t1\t1\t1\t1\t1\t1\t1\n")
    with pytest.raises(DataFault, match="subject ben occurs twice"):
        read_freesurfer(group_tables)
    path.write_text(text.replace("3600.5", "much"))
    with pytest.raises(DataFault, match=r"subject anna: left_hippocampus_volume 'much' is not a"):
        read_freesurfer(group_tables)
    path.write_text(text.replace("Measure:volume", "Measure:mean"))
    with pytest.raises(DataFault, match=r"a table of 'mean'.*--meas volume"):
        read_freesurfer(group_tables)
    path.write_text(text)
    (group_tables / "again.tsv").write_text(text)
    with pytest.raises(DataFault, match=r"again.tsv and volumes.tsv are both tables"):
        read_freesurfer(group_tables)


def test_other_folders_and_names_are_refused(tmp_path, group_tables):
    with pytest.raises(DataFault, match="folder not found"):
        read_freesurfer(tmp_path / "none")
    with pytest.raises(DataFault, match="neither a subjects directory nor a table"):
        read_freesurfer(tmp_path)
    with pytest.raises(DataFault, match="unknown subject 'bem', did you mean 'ben'"):
        read_freesurfer(group_tables, subjects=["bem"])


def test_measures_are_chosen_by_kind_and_averaged_over_sides(group_tables):
    table = read_freesurfer(group_tables)
    chosen = select_measures(table, kinds=("volume",), average_sides=True)
    assert chosen.columns.tolist() == ["left_thalamus_volume", "mean_hippocampus_volume", "etiv"]
    assert chosen.loc["ben", "mean_hippocampus_volume"] == 3550
    assert "left_vessel_volume" in select_measures(table, every_structure=True)
    with pytest.raises(ConfigFault, match="unknown kind of measure 'volumes', did you mean"):
        select_measures(table, kinds=("volumes",))
    with pytest.raises(DataFault, match="no measure of area among 5"):
        select_measures(table, kinds=("area",))


@pytest.mark.realdata
def test_the_published_tables_of_abide_are_read(realdata):
    table = read_freesurfer(realdata / "abide1_freesurfer6", missing="keep")
    assert table.shape == (1035, 250)
    chosen = select_measures(table, kinds=("volume", "thickness", "area"))
    assert sum(kind_of(name) is not None for name in chosen) == 29 + 3 * 68
    with pytest.raises(DataFault, match="rh_parahippocampal_area is 0"):
        read_freesurfer(realdata / "abide1_freesurfer6")
