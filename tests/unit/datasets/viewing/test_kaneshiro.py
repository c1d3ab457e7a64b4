"""Kaneshiro 2015 through MOABB's own loader, on files in the layout that it asks for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.io import savemat

from neurodecode.datasets import no_network
from neurodecode.datasets.viewing import VIEWING
from neurodecode.faults import DataFault, NetworkFault

# MOABB 1.7.2 may ask MNE for a montage by its older name.
pytestmark = pytest.mark.filterwarnings("ignore:Montage name:FutureWarning")

read = VIEWING["Kaneshiro2015"]
PICTURES = np.r_[1, 13, 72, 25, 1, 48]
N_CHANNELS, N_TIMES = 124, 32


def write(root, numbers=PICTURES, codes=None, subject=1):
    rng = np.random.default_rng(0)
    signals = rng.normal(0, 5, (N_CHANNELS, N_TIMES, len(numbers)))
    codes = (numbers - 1) // 12 + 1 if codes is None else codes
    content = {"X_3D": signals, "categoryLabels": codes[None].astype(float),
               "exemplarLabels": numbers[None].astype(float), "Fs": 62.5, "sub": f"S{subject}",
               "N": float(N_TIMES), "T": float(len(numbers))}  # fmt: skip
    path = root / "MNE-kaneshiro2015-data" / f"S{subject}.mat"
    path.parent.mkdir(exist_ok=True)
    savemat(path, content)
    return signals


@pytest.fixture
def root(tmp_path):
    return tmp_path / "Kaneshiro2015"


def test_every_trial_has_its_picture_and_category_the_first_one_too(root, tmp_path):
    signals = write(tmp_path)
    with no_network():
        (recording,) = read(root, "1")
    assert recording.trials["image"].tolist() == [
        "human_body/01",
        "human_face/13",
        "inanimate_object/72",
        "animal_body/25",
        "human_body/01",
        "animal_face/48",
    ]
    expected = [image.split("/")[0] for image in recording.trials["image"]]
    assert recording.trials["category"].tolist() == expected
    assert recording.trials["onset"][0] == 0.0
    raw = recording.raw
    assert len(raw.ch_names) == N_CHANNELS
    assert raw.info["sfreq"] == 62.5
    begin = np.rint(recording.trials["onset"] * 62.5).astype(int)
    for k, start in enumerate(begin):
        epoch = raw.get_data()[:, start : start + N_TIMES]
        np.testing.assert_allclose(epoch, signals[:, :, k] * 1e-6, atol=1e-12)
    assert "no baseline before the onset" in recording.notes[0]
    assert recording.pictures is None
    assert recording.label.endswith("S1.mat")


def test_a_folder_of_own_copies_is_used_by_number(root, tmp_path, pictures):
    write(tmp_path)
    files = [f"{number:02d}.png" for number in set(PICTURES.tolist())]
    pictures["touch"](tmp_path / "copies", files)
    (recording,) = read(root, "1", pictures=tmp_path / "copies")
    assert recording.trials["image"].tolist() == [f"{number:02d}.png" for number in PICTURES]
    assert recording.pictures == tmp_path / "copies"
    (tmp_path / "copies" / "72.png").unlink()
    with pytest.raises(DataFault, match=r"no picture files called 72 \[.*copies\].*01\.png to 72"):
        read(root, "1", pictures=tmp_path / "copies")


def test_labels_that_do_not_fit_are_named(root, tmp_path):
    write(tmp_path, codes=np.r_[1, 2, 6, 3, 2, 4])
    with pytest.raises(DataFault, match=r"trial 4: picture 1 cannot be of category 2.*S1\.mat"):
        read(root, "1")


def test_an_absent_file_is_named_with_its_folder(root, tmp_path):
    with pytest.raises(NetworkFault, match=r"it needs MNE-kaneshiro2015-data/S2\.mat"):
        read(root, "2")
