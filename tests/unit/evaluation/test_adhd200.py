"""The competition's points, on worked cases and the published winner's rates."""

import numpy as np
import pytest

from neurodecode.evaluation import adhd200_score
from neurodecode.faults import DataFault


def test_points_follow_the_rule():
    score = adhd200_score([0, 0, 1, 1, 3, 2], [0, 1, 1, 3, 0, 2])
    assert score.points == 1 + 0 + 1 + 0.5 + 0 + 1
    assert (score.n, score.all_control) == (6, 2)
    assert score.accuracy == pytest.approx(4 / 6)
    assert (score.sensitivity, score.specificity) == (0.75, 0.5)
    assert score.subtype_accuracy == pytest.approx(2 / 3)


def test_all_control_scores_the_number_of_controls():
    true = np.repeat([0, 1, 3], [94, 40, 37])
    score = adhd200_score(true, np.zeros(171, int))
    assert score.points == score.all_control == 94
    assert score.accuracy == pytest.approx(0.5497, abs=1e-4)
    assert np.isnan(score.subtype_accuracy)


@pytest.mark.parametrize("code", [-999, "pending", 4])
def test_a_missing_diagnosis_is_refused_with_its_code(code):
    with pytest.raises(DataFault, match=str(code)):
        adhd200_score(np.array([0, code], dtype=object), [0, 1])
