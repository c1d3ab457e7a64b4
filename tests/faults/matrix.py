"""Which fault can meet which pipeline: a cell for each, and no other."""

EEG = ("acm", "speech", "image", "emotion")
FMRI = ("mindbridge", "adhd")
TRAINED = ("speech", "image", "mindbridge", "emotion", "spikes")
ALL = ("acm", "speech", "image", "mindbridge", "emotion", "spikes", "adhd", "mci")

ROWS = {
    1: ("NaN samples in a channel", (*EEG, "spikes")),
    2: ("NaN voxel in fMRI", FMRI),
    3: ("flat channel or region", (*EEG, "mindbridge", "spikes", "adhd", "mci")),
    4: ("fewer samples than channels", ("acm", "adhd")),
    5: ("infinite values, or another unit", ALL),
    6: ("event code missing", (*EEG, "mindbridge")),
    7: ("epoch longer than the data", (*EEG, "spikes")),
    8: ("truncated FIF or EDF", EEG),
    9: ("truncated NIfTI", FMRI),
    10: ("an HTML error page saved as data", ALL),
    11: ("sampling rates differ between files", ("acm",)),
    12: ("unknown or duplicate channel names", (*EEG, "mci")),
    13: ("filter edge above Nyquist", ("acm", "speech", "image", "adhd")),
    14: ("one class in a fold", ("acm", "emotion", "adhd", "mci")),
    15: (
        "subject with one session, or a single subject",
        ("acm", "image", "mindbridge", "emotion", "adhd", "mci"),
    ),
    16: ("channels differ at predict time", ("acm", "speech", "image", "emotion", "spikes")),
    17: ("loss becomes NaN", TRAINED),
    18: ("empty data loader", TRAINED),
    19: ("truncated checkpoint", TRAINED),
    20: ("flipped bit in saved weights", ALL),
    21: ("full disk", ALL),
    22: ("killed mid-run (kill -9)", ALL),
    23: ("two runs at once on one output", ALL),
    24: ("code changed, same config", ALL),
    25: ("hostile archive, pickle, YAML tag, or HTML in a name", ALL),
    26: ("no network and data not present", ALL),
    27: ("half of a data set is missing", ALL),
    28: ("window arithmetic asks for too much memory", ("acm", "speech", "image", "spikes")),
}
"""By number in the list of faults: what it is, and the pipelines that it can meet."""


def cells():
    """Return every pair of fault and pipeline that needs an answer."""
    return {(row, pipeline) for row, (_, pipelines) in ROWS.items() for pipeline in pipelines}
