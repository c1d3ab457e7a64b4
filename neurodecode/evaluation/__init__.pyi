from .audit import (
    AuditRow,
    assert_no_leak,
    audit_folds,
    audit_frame,
    hash_signals,
    signal_overlap,
    unit_keys,
)
from .blocked import time_block_index, time_blocks
from .bootstrap import Interval, bootstrap_ci, mean_ci
from .chance import auc_threshold, chance_level, chance_threshold
from .comparison import compare_decoders, holm, paired_bootstrap
from .folds import Fold
from .metric_row import MetricRow, metric_frame
from .metrics import METRICS, Metric, batch_score, score
from .paired import (
    McNemarResult,
    PairedResult,
    cohens_dz,
    mcnemar,
    paired_test,
    rank_biserial,
)
from .permutation import PermutationResult, permutation_p, permutation_test
from .picture_splits import PICTURE_PROTOCOLS, audit_pictures, split_pictures
from .protocols import PROTOCOLS, Protocol, make_folds, register_protocol
from .scoring import Scored, group_rows, score_predictions, score_subjects
from .splits import cross_session, cross_subject, group_folds, random_trials, within_session

__all__ = [
    "METRICS",
    "PICTURE_PROTOCOLS",
    "PROTOCOLS",
    "AuditRow",
    "Fold",
    "Interval",
    "McNemarResult",
    "Metric",
    "MetricRow",
    "PairedResult",
    "PermutationResult",
    "Protocol",
    "Scored",
    "assert_no_leak",
    "auc_threshold",
    "audit_folds",
    "audit_frame",
    "audit_pictures",
    "batch_score",
    "bootstrap_ci",
    "chance_level",
    "chance_threshold",
    "cohens_dz",
    "compare_decoders",
    "cross_session",
    "cross_subject",
    "group_folds",
    "group_rows",
    "hash_signals",
    "holm",
    "make_folds",
    "mcnemar",
    "mean_ci",
    "metric_frame",
    "paired_bootstrap",
    "paired_test",
    "permutation_p",
    "permutation_test",
    "random_trials",
    "rank_biserial",
    "register_protocol",
    "score",
    "score_predictions",
    "score_subjects",
    "signal_overlap",
    "split_pictures",
    "time_block_index",
    "time_blocks",
    "unit_keys",
    "within_session",
]
