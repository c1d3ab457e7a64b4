"""What the decoder's errors depend on: a linear model of the true word's probability.

For each test window the decoder gives the true word a probability; features of the word predict
its logarithm by ridge regression, cross-validated over sentences, per set of features and
participant. The score is the correlation of prediction and truth
within a fold, averaged over folds.

References
----------
Défossez et al. (2023), Decoding speech perception from non-invasive brain recordings, Results.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.evaluation.bootstrap import mean_ci
from neurodecode.evaluation.paired import paired_test

if TYPE_CHECKING:
    from numpy.typing import NDArray

N_FOLDS = 5
ALPHAS = np.logspace(-2, 4, 13)
FEWEST_WORDS = 30
TINY = 1e-9
COLUMNS = ("features", "n_columns", "r", "ci_low", "ci_high", "p", "n")


def word_features(words: pd.DataFrame, story: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    """Return sets of features of some words.

    Parameters
    ----------
    words : DataFrame
        ``word``, and the word's row of the story: ``duration`` and, where known,
        ``part_of_speech`` and ``phonemes``.
    story : DataFrame
        All words that were heard, for frequencies.

    Returns
    -------
    dict of ndarray, shape (n_words, n_features)
        "length" (letters, duration), "frequency" (logarithm of the share of the story's words),
        "part of speech" (one-hot), "phonemes" (which of them occur); none that says nothing.
    """
    spelled = story["word"].str.lower().str.strip(".")
    share = spelled.value_counts(normalize=True)
    frequency = np.log(words["word"].map(share).fillna(share.min()).to_numpy(float))
    found = {
        "length": np.column_stack([words["word"].str.len(), words["duration"]]).astype(float),
        "frequency": frequency[:, None],
    }
    if "part_of_speech" in words:
        found["part of speech"] = pd.get_dummies(words["part_of_speech"]).to_numpy(float)
    if "phonemes" in words:
        counts = (
            words["phonemes"].fillna("").str.get_dummies(sep=" ").drop(columns="", errors="ignore")
        )
        found["phonemes"] = counts.to_numpy(float)
    return {name: matrix for name, matrix in found.items() if matrix.shape[1]}


def explain_probabilities(predictions: pd.DataFrame, story: pd.DataFrame) -> pd.DataFrame:
    """Correlate the decoder's probability of the true word with what the word's features predict.

    Parameters
    ----------
    predictions : DataFrame
        One row per test window of one decoder: ``participant, sentence, sound, word_index, word,
        word_probability``.
    story : DataFrame

    Returns
    -------
    DataFrame
        Per set of features ``r`` (mean over participants of the cross-validated correlation),
        its interval, the sign-flip p of no relation, and the number of participants. Empty with
        fewer than 30 windows per participant or five sentences.
    """
    extra = [c for c in ("part_of_speech", "phonemes") if c in story]
    facts = story[["sound", "word_index", "duration", *extra]]
    table = predictions.merge(facts, on=["sound", "word_index"], how="left")
    features = word_features(table, story)
    rows = []
    for name, matrix in features.items():
        scores = _scores(table, matrix)
        if not len(scores):
            continue
        ci = mean_ci(scores, expand=True, random_state=0, unit="participant")
        test = paired_test(scores, np.zeros(len(scores)), alternative="greater", random_state=0)
        rows.append(
            (name, matrix.shape[1], ci.estimate, ci.low, ci.high, test.p_value, len(scores))
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _scores(table: pd.DataFrame, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    from sklearn.linear_model import RidgeCV
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    found = []
    for rows in table.groupby("participant").indices.values():
        groups = table["sentence"].to_numpy()[rows]
        if len(rows) < FEWEST_WORDS or len(set(groups)) < N_FOLDS:
            continue
        truth = np.log(np.maximum(table["word_probability"].to_numpy(float)[rows], 1e-12))
        model = make_pipeline(StandardScaler(), RidgeCV(ALPHAS))
        folds = list(GroupKFold(N_FOLDS).split(matrix[rows], truth, groups))
        predicted = cross_val_predict(model, matrix[rows], truth, cv=folds)
        within = [_correlation(predicted[test], truth[test]) for _, test in folds]
        found.append(float(np.mean(within)))
    return np.array(found)


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Pearson's r; 0 where one side is constant.

    Taken within a fold: over several, the training means alone would anticorrelate with the test
    means.
    """
    if np.ptp(a) < TINY or np.ptp(b) < TINY:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])
