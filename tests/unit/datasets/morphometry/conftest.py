"""Makers of small FreeSurfer files in their true layout."""

from __future__ import annotations

import pytest

REGIONS = {"entorhinal": (420, 1900, 3.3), "insula": (2300, 6800, 2.9), "unknown": (900, 0, 0.0)}
ASEG_COLUMNS = ["Index", "SegId", "NVoxels", "Volume_mm3", "StructName", "normMean"]
APARC_COLUMNS = ["StructName", "NumVert", "SurfArea", "GrayVol", "ThickAvg", "ThickStd"]


def aseg_text(*, thalamus="Left-Thalamus", etiv="EstimatedTotalIntraCranialVol, eTIV",
              columns=ASEG_COLUMNS, hippocampus=3600.5, unit="mm^3"):  # fmt: skip
    """Return an ``aseg.stats`` with four structures."""
    rows = {thalamus: 6500.0, "Left-Hippocampus": hippocampus, "Right-Hippocampus": 3700.25,
            "CC_Anterior": 850.0}  # fmt: skip
    lines = ["# Title Segmentation Statistics", "#",
             "# Measure BrainSeg, BrainSegVol, Brain Segmentation Volume, 1100000.0, mm^3",
             f"# Measure {etiv}, Estimated Total Intracranial Volume, 1500000.5, {unit}",
             f"# ColHeaders {' '.join(columns)}"]  # fmt: skip
    for number, (name, volume) in enumerate(rows.items(), start=1):
        fields = {"Index": number, "SegId": 10 + number, "NVoxels": round(volume) + 7,
                  "Volume_mm3": volume, "StructName": name, "normMean": 85.0}  # fmt: skip
        lines.append(" ".join(str(fields[column]) for column in columns))
    return "\n".join(lines) + "\n"


def aparc_text(*, columns=APARC_COLUMNS, regions=REGIONS):
    """Return a ``?h.aparc.stats`` with some regions."""
    lines = ["# Table of FreeSurfer cortical parcellation anatomical statistics",
             "# Measure Cortex, MeanThickness, Mean Thickness, 2.5, mm",
             f"# ColHeaders {' '.join(columns)}"]  # fmt: skip
    for name, (area, volume, thickness) in regions.items():
        fields = {"StructName": name, "NumVert": 2 * area, "SurfArea": area, "GrayVol": volume,
                  "ThickAvg": thickness, "ThickStd": 0.5}  # fmt: skip
        lines.append("   ".join(str(fields[column]) for column in columns))
    return "\n".join(lines) + "\n"


@pytest.fixture
def aseg():
    """Return the maker of ``aseg.stats``."""
    return aseg_text


@pytest.fixture
def aparc():
    """Return the maker of ``?h.aparc.stats``."""
    return aparc_text


@pytest.fixture
def subjects_directory(tmp_path):
    """Return a FreeSurfer subjects directory with two people and a template."""
    for name in ("anna", "bert", "fsaverage"):
        stats = tmp_path / "subjects" / name / "stats"
        stats.mkdir(parents=True)
        (stats / "aseg.stats").write_text(aseg_text())
        for hemisphere in ("lh", "rh"):
            (stats / f"{hemisphere}.aparc.stats").write_text(aparc_text())
    return tmp_path / "subjects"


@pytest.fixture
def group_tables(tmp_path):
    """Return a folder with the tables of two people, under names of no meaning."""
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "volumes.tsv").write_text(
        "Measure:volume\tLeft-Thalamus-Proper\tLeft-Hippocampus\tRight-Hippocampus\tLeft-vessel\t"
        "lhCortexVol\tMaskVol-to-eTIV\tEstimatedTotalIntraCranialVol\n"
        "anna\t6500\t3600.5\t3700.25\t40\t250000\t1.1\t1500000.5\n"
        "ben\t6400\t3500\t3600\t0\t240000\t1.1\t1400000\n"
    )
    (folder / "thick.csv").write_text(
        "lh.aparc.thickness,lh_entorhinal_thickness,lh_MeanThickness_thickness,"
        "BrainSegVolNotVent,eTIV\nanna,3.3,2.5,1000000,1500000\nben,3.1,2.4,1000000,1400000\n"
    )
    (folder / "other.txt").write_text("nothing\n")
    return folder
