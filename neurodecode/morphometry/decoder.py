"""A fitted ``mci`` model that left its run: from tables of brain measures to a call per person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from neurodecode.datasets.morphometry.checks import require_distinct
from neurodecode.datasets.morphometry.names import GROUP, averaged_sides
from neurodecode.decoder_folder import AGAIN, SavedDecoder, read_settings
from neurodecode.faults import ConfigFault, DataFault, nearest
from neurodecode.morphometry.combat import ComBat
from neurodecode.morphometry.decoder_settings import DecoderSettings
from neurodecode.morphometry.export import scan_hashes
from neurodecode.morphometry.measure_model import TRUSTED, MeasureModel
from neurodecode.morphometry.reading import read_people
from neurodecode.morphometry.scores import call_scores, confusion, roc_auc
from neurodecode.morphometry.subjects import finite_columns
from neurodecode.morphometry.trees import check_trees
from neurodecode.persistence import load_estimators

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

FAR = 5.0
"""A value this many times beyond the training's range is in another unit."""
NAMED = 5
KNOWN_SCAN = "this scan was among the training people's"


class MCIDecoder(SavedDecoder):
    """Calls people stable or converters by measures of their brains.

    Parameters
    ----------
    settings : DecoderSettings
    model : MeasureModel
        Fitted.

    Raises
    ------
    DataFault
        If the model reads other measures or covariates than the settings say.

    Examples
    --------
    >>> decoder = MCIDecoder.load(folder)  # doctest: +SKIP
    >>> decoder.predict(decoder.read(Path("people.csv")))  # doctest: +SKIP
    """

    kind = "mci"
    noun = "person"

    def __init__(self, settings: DecoderSettings, model: MeasureModel) -> None:
        said = tuple(column.name for column in settings.measures)
        beside = settings.needed[len(said) :]
        if model.names != said or set(model.covariates) != set(beside):
            raise DataFault("the saved model and its settings do not fit together", fix=AGAIN)
        check_trees(model.classifier)
        self.settings, self.model = settings, model

    @classmethod
    def opened(cls, folder: Path) -> Self:
        """Read settings and model."""
        settings = read_settings(folder, "model", DecoderSettings)
        state = load_estimators(folder, trusted=TRUSTED)
        try:
            model = MeasureModel.from_state(state)
        except (KeyError, TypeError) as error:
            raise DataFault("the saved model is no mci decoder", where=str(folder),
                            fix=AGAIN) from error  # fmt: skip
        return cls(settings, model)

    def read(self, path: Path, **options: Any) -> pd.DataFrame:
        """Return the table of a file or folder.

        Parameters
        ----------
        path, **options
            See :func:`~neurodecode.morphometry.reading.read_people`.

        Raises
        ------
        DataFault
            If it cannot be read, or lacks what the decoder needs, by name; see :meth:`predict`.
        """
        table = read_people(path, trained=self.settings.options, **options)
        try:
            self._require_usable(averaged_sides(table) if self.settings.average_sides else table)
        except DataFault as fault:
            where = f"{path}: {fault.where}".removesuffix(": ")
            raise DataFault(fault.what, where=where, fix=fault.fix) from fault
        return table

    def predict(
        self, data: pd.DataFrame, *, participant: str | None = None, top: int = 5
    ) -> pd.DataFrame:
        """Call every person, as the run's own evaluation does.

        Parameters
        ----------
        data : DataFrame
            A row per person, the index their name: measures, covariates, and where known
            ``group``. Measures that the decoder does not read may be missing.
        participant : str, optional
            Refused: nothing is kept of single people.
        top : int, default=5
            Nothing is ranked.

        Returns
        -------
        DataFrame
            ``person``, ``prediction`` (a group's name), ``probability`` (of the second group),
            ``score`` (of the classifier; above the settings' ``cut`` is the second group),
            ``true`` ("" where unknown) and ``note``.

        Raises
        ------
        DataFault
            A measure or covariate is missing, not a number, or far outside the training's range,
            as in another unit; ComBat does not know a site; a person occurs twice.
        """
        if participant is not None:
            raise ConfigFault("the mci decoder keeps nothing of single people",
                              fix="leave the participant out")  # fmt: skip
        table = averaged_sides(data) if self.settings.average_sides else data
        self._require_usable(table)
        scores, posterior, calls = self.model.scores(self._filled(table))
        named = np.asarray(self.settings.groups, dtype=object)
        return pd.DataFrame({
            "person": table.index.astype(str), "prediction": named[calls.astype(int)],
            "probability": posterior, "score": scores, "true": self._truth(table),
            "note": self._notes(table),
        })  # fmt: skip

    def summary(self, found: pd.DataFrame) -> list[str]:
        """Return how many were called what, and scores on people who were not in training."""
        second = self.settings.groups[1]
        n_called = int((found["prediction"] == second).sum())
        lines = [f"{len(found)} people decoded, {n_called} called {second}"]
        fresh = found[found["true"].ne("") & ~found["note"].str.contains(KNOWN_SCAN, regex=False)]
        truth = np.asarray(fresh["true"] == second, dtype=np.intp)
        if np.unique(truth).size < 2:
            return lines
        called = np.asarray(fresh["prediction"] == second, dtype=np.intp)
        balanced = float(call_scores(*confusion(truth, called))["balanced_accuracy"])
        auc = float(roc_auc(truth, fresh["score"].to_numpy(float))[0])
        lines.append(f"balanced accuracy {balanced:.3f}, AROC {auc:.3f}, chance 0.500 each, "
                     f"{len(fresh)} people of known group who did not train it")  # fmt: skip
        return lines

    def _require_usable(self, table: pd.DataFrame) -> None:
        """Raise DataFault unless names, columns, values, ranges and sites can be used."""
        if table.empty:
            raise DataFault("nobody in the table")
        require_distinct(table.index.astype(str), where="", kind="person")
        _require_columns(table, self.settings.needed)
        columns = (*self.settings.measures, *self.settings.covariates)
        values = finite_columns(table, [column.name for column in columns])
        if "sex" in self.model.covariates and not table["sex"].isin((0, 1)).all():
            raise DataFault("sex is coded otherwise", where=f"{sorted(set(table['sex']))[:NAMED]}",
                            fix="0 female, 1 male")  # fmt: skip
        for place, column in enumerate(columns):
            low = column.low / FAR if column.low > 0 else -np.inf
            far = np.flatnonzero((values[:, place] < low) | (values[:, place] > FAR * column.high))
            if column.name != "sex" and far.size:
                raise DataFault(
                    f"{column.name} of {far.size} people is far outside the training's range, "
                    f"{column.low:g} to {column.high:g} {column.unit}",
                    where=f"first: {table.index[far[0]]}, {values[far[0], place]:g}",
                    fix=f"give it in {column.unit}",
                )
        if isinstance(self.model.harmonizer, ComBat) and (strange := self._strange_sites(table)):
            raise DataFault(f"sites that did not train: {', '.join(strange)}",
                            where=f"ComBat knows {', '.join(self.settings.sites)}",
                            fix="take a decoder of another harmonisation")  # fmt: skip

    def _strange_sites(self, table: pd.DataFrame) -> list[str]:
        return sorted(set(table["site"].astype(str)) - set(self.settings.sites))

    def _filled(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the model's columns; what it does not read is 0, and changes nothing."""
        known = {name: table[name] for name in self.settings.needed}
        blank = {name: "" if name == "site" else 0.0 for name in self.model.columns}
        return pd.DataFrame({**blank, **known}, index=table.index)[list(self.model.columns)]

    def _truth(self, table: pd.DataFrame) -> list[str]:
        names: dict[object, str] = dict(enumerate(self.settings.groups))
        codes = table[GROUP] if GROUP in table else pd.Series(np.nan, table.index)
        return [names.get(code, "") for code in codes]

    def _notes(self, table: pd.DataFrame) -> list[str]:
        notes: list[list[str]] = [[] for _ in range(len(table))]
        for column in self.settings.covariates:
            values: NDArray[np.float64] = table[column.name].to_numpy(float)
            for row in np.flatnonzero((values < column.low) | (values > column.high)).tolist():
                notes[row].append(f"{column.name} {values[row]:g} is outside the training's range")
        if self.settings.site:
            strange = set(self._strange_sites(table))
            for row, site in enumerate(table["site"].astype(str)):
                if site in strange:
                    notes[row].append(f"site {site} did not train: the average site is taken")
        known = set(self.settings.scans)
        names = [column.name for column in self.settings.measures]
        for row, scan in enumerate(scan_hashes(table, names)):
            if scan in known:
                notes[row].append(KNOWN_SCAN)
        return ["; ".join(parts) for parts in notes]


def _require_columns(table: pd.DataFrame, names: Sequence[str]) -> None:
    """Raise DataFault with every column that the table lacks, and the nearest to the first."""
    absent = [name for name in names if name not in table]
    if not absent:
        return
    more = f" and {len(absent) - NAMED} more" if len(absent) > NAMED else ""
    guess = nearest(absent[0], [str(name) for name in table.columns if name not in names])
    fix = f"is '{guess}' {absent[0]}?" if guess else "add them, in a people.csv beside the measures"
    raise DataFault(f"columns that the decoder needs: {', '.join(absent[:NAMED])}{more}", fix=fix)
