"""Our decoders run inside MOABB's own evaluation, as any scikit-learn pipeline."""

from __future__ import annotations

import pytest

from neurodecode.riemann import make_decoder
from neurodecode.riemann.config import ModelSection

pytestmark = [
    # The fake data set sets a template montage by its old name.
    pytest.mark.filterwarnings("ignore:.*standard_1005.*:FutureWarning"),
    # MOABB's result file is made the way h5py is about to give up.
    pytest.mark.filterwarnings("ignore:Creating a dataset without passing data"),
]


def test_a_within_session_evaluation_of_moabb_scores_our_decoders(tmp_path):
    from moabb.datasets.fake import FakeDataset
    from moabb.evaluations import WithinSessionEvaluation
    from moabb.paradigms import LeftRightImagery

    dataset = FakeDataset(
        event_list=("left_hand", "right_hand"), n_sessions=1, n_runs=1, n_subjects=1, seed=0,
        duration=80, n_events=20,
    )  # fmt: skip
    model = ModelSection(order=2, lag=2)
    names = ("ACM+TS+SVM", "MDM", "CSP+LDA")
    evaluation = WithinSessionEvaluation(
        paradigm=LeftRightImagery(), datasets=[dataset], overwrite=True, hdf5_path=str(tmp_path)
    )
    results = evaluation.process({name: make_decoder(name, model) for name in names})
    assert set(results["pipeline"]) == set(names)
    assert results["score"].between(0, 1).all()
