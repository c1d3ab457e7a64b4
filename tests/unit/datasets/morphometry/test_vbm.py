"""Grey-matter maps in the layout of nilearn's fetcher become measures of an atlas's regions."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from neurodecode.datasets.morphometry import morphometry_loader
from neurodecode.faults import ConfigFault, DataFault

AFFINE = np.diag([2.0, 2.0, 2.0, 1.0])
SHAPE = (6, 6, 6)
read = morphometry_loader("oasis-vbm")


def write_map(folder, number, left, right, *, start="mwrc1", shape=SHAPE):
    values = np.zeros(shape, dtype=np.float32)
    values[:3] = left
    values[3:] = right
    session = f"OAS1_{number:04d}_MR1"
    path = folder / session / f"{start}{session}_mpr_anon_fslswapdim_bet.nii.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(values, AFFINE), path)
    return path


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "nilearn" / "oasis1"
    write_map(folder, 1, 0.5, 0.25)
    write_map(folder, 2, 0.4, 0.75)
    write_map(folder, 3, 1.0, 1.0)
    (folder / "oasis_cross-sectional.csv").write_text(
        "ID,M/F,Hand,Age,Educ,SES,MMSE,CDR,eTIV,nWBV,ASF,Delay\n"
        "OAS1_0001_MR1,F,R,74,2,3,29,0,1344,0.743,1.306,N/A\n"
        "OAS1_0002_MR1,M,R,75,2,3,22,0.5,1444,0.70,1.216,N/A\n"
        "OAS1_0003_MR1,M,R,25,,,,,1644,0.85,1.068,N/A\n"
    )
    (tmp_path / "oasis-vbm").mkdir()
    return tmp_path / "oasis-vbm"


@pytest.fixture
def atlas(tmp_path):
    """Return a label image of two halves at twice the resolution, and its names."""
    labels = np.zeros((12, 12, 12), dtype=np.int16)
    labels[:6], labels[6:] = 1, 7
    affine = np.diag([1.0, 1.0, 1.0, 1.0])
    affine[:3, 3] = -0.5
    path = tmp_path / "atlas.nii.gz"
    nib.save(nib.Nifti1Image(labels, affine), path)
    (tmp_path / "atlas.csv").write_text("index,name\n1,Left half\n7,Right-half (x)\n")
    return path


def test_means_of_the_regions_are_measures(root, atlas):
    table = read(root, atlas=str(atlas))
    assert table["group"].to_dict() == {"OAS1_0001": 0, "OAS1_0002": 1}
    np.testing.assert_allclose(table["left_half_density"], [0.5, 0.4])
    np.testing.assert_allclose(table["right_half_x_density"], [0.25, 0.75])
    assert {"age", "sex", "etiv"} <= set(table)
    assert "brain_volume" not in table


def test_volumes_are_in_mm3(root, atlas):
    table = read(root, atlas=str(atlas), statistic="volume", labels=["left", "right"])
    np.testing.assert_allclose(table["left_volume"], np.array([0.5, 0.4]) * 108 * 8)


def test_an_atlas_of_nilearn_is_fetched_by_name(root, atlas, monkeypatch):
    import nilearn.datasets

    class Fetched:
        maps = str(atlas)
        labels = ("Background", "Left half", "Right half")
        indices = (0, 1, 7)

    monkeypatch.setattr(nilearn.datasets, "fetch_atlas_aal", lambda verbose: Fetched())
    assert "left_half_density" in read(root, atlas="aal")
    with pytest.raises(ConfigFault, match="unknown atlas 'all', did you mean 'aal'"):
        read(root, atlas="all")


def test_maps_without_dartel_are_read_where_there_are_no_others(root, atlas):
    folder = root.parent / "nilearn" / "oasis1"
    for path in folder.glob("*/*.nii.gz"):
        path.rename(path.with_name(path.name.replace("mwrc1", "mwc1")))
    assert len(read(folder, atlas=str(atlas))) == 2


def test_a_voxel_that_is_no_number_counts_as_no_grey_matter(root, atlas):
    path = write_map(root.parent / "nilearn" / "oasis1", 1, np.nan, 0.25)
    assert read(root, atlas=str(atlas)).loc["OAS1_0001", "left_half_density"] == 0
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(DataFault, match=r"OAS1_0001_MR1"):
        read(root, atlas=str(atlas))


def test_maps_of_other_voxels_and_atlases_elsewhere_are_refused(root, atlas, tmp_path):
    write_map(root.parent / "nilearn" / "oasis1", 2, 0.1, 0.1, shape=(6, 6, 5))
    with pytest.raises(DataFault, match="subject OAS1_0002: other voxels than the first map"):
        read(root, atlas=str(atlas))
    write_map(root.parent / "nilearn" / "oasis1", 2, 0.1, 0.1)
    image = nib.load(atlas)
    far = image.affine.copy()
    far[:3, 3] = 900
    nib.save(nib.Nifti1Image(np.asarray(image.dataobj), far), tmp_path / "far.nii.gz")
    with pytest.raises(DataFault, match="no voxel of the maps lies in a region"):
        read(root, atlas=str(tmp_path / "far.nii.gz"))
    nib.save(nib.Nifti1Image(np.full(SHAPE, 0.5), AFFINE), tmp_path / "half.nii")
    with pytest.raises(DataFault, match="an atlas of labels has whole numbers"):
        read(root, atlas=str(tmp_path / "half.nii"))
    with pytest.raises(DataFault, match="2 labels and 1 names"):
        read(root, atlas=str(atlas), labels=["one"])
    with pytest.raises(ConfigFault, match="did you mean 'mean'"):
        read(root, atlas=str(atlas), statistic="means")


def test_an_absent_folder_is_named(tmp_path):
    with pytest.raises(DataFault, match=r"no folder oasis1.*data fetch oasis-vbm"):
        read(tmp_path / "none")
