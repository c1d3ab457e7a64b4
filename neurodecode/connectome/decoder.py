"""A fitted ``adhd`` model that left its run: from scans at rest to a call per person."""

from __future__ import annotations

import gzip
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from neurodecode.config import validate
from neurodecode.connectome.adjustment import NUMBERS
from neurodecode.connectome.config import ADHDConfig
from neurodecode.connectome.decoder_settings import DecoderSettings
from neurodecode.connectome.decoders import decoder_of
from neurodecode.connectome.export import HASHED
from neurodecode.connectome.images import AFFINE_TOLERANCE
from neurodecode.connectome.loading import PLAIN
from neurodecode.connectome.map_model import TRUSTED, MapModel
from neurodecode.connectome.people import UNKNOWN_SITE
from neurodecode.connectome.preparation import prepare_people
from neurodecode.connectome.reading import RestingPeople, read_resting
from neurodecode.connectome.study import Study
from neurodecode.connectome.voxel_size import resampled_grid
from neurodecode.datasets.catalog import LOCAL
from neurodecode.decoder_folder import AGAIN, SavedDecoder, read_settings
from neurodecode.evaluation.metrics import METRICS, batch_score
from neurodecode.faults import ConfigFault, DataFault
from neurodecode.persistence import load_estimators

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurodecode.datasets.resting.recording import RestingScan

LEAST_OF_SITE = 5
"""Fewest people of a site that did not train: they are adjusted by one another."""
NAMED = 5
KNOWN_SCAN = "this scan was among the training people's"
CUT = 0.5
"""Probability above which somebody is called a case."""


class ADHDDecoder(SavedDecoder):
    """Calls people controls or cases by network maps of their scans.

    Parameters
    ----------
    settings : DecoderSettings
    model : MapModel
        Fitted.
    inside : ndarray of bool, shape of the grid, or None
        Voxels that are read of an image.

    Raises
    ------
    DataFault
        If mask, model and settings do not fit together.

    Examples
    --------
    >>> decoder = ADHDDecoder.load(folder)  # doctest: +SKIP
    >>> decoder.predict(decoder.read(Path("scans")))  # doctest: +SKIP
    """

    kind = "adhd"
    noun = "person"

    def __init__(
        self, settings: DecoderSettings, model: MapModel, inside: NDArray[np.bool_] | None
    ) -> None:
        n_values = settings.n_values
        kept = n_values if model.mask is None else int(np.sum(model.mask))
        fits = model.mask is None or model.mask.shape == (n_values,)
        fits &= model.classifier.n_features_in_ == kept
        if settings.grid is not None:
            fits &= inside is not None and inside.shape == settings.grid.shape
        if not fits:
            raise DataFault("the saved model and its settings do not fit together", fix=AGAIN)
        self.settings, self.model, self.inside = settings, model, inside

    @classmethod
    def opened(cls, folder: Path) -> Self:
        """Read settings and model, and the mask that images are read through."""
        settings = read_settings(folder, "model", DecoderSettings)
        state = load_estimators(folder, trusted=(*TRUSTED, *PLAIN))
        try:
            model, inside = MapModel.from_state(state["model"]), state["inside"]
        except (KeyError, TypeError) as error:
            raise DataFault("the saved model is no adhd decoder", where=str(folder),
                            fix=AGAIN) from error  # fmt: skip
        return cls(settings, model, inside)

    def read(self, path: Path, **options: Any) -> RestingPeople:
        """Return the people of a scan, of a folder of scans, or of a study's folder.

        Parameters
        ----------
        path : Path
            See :func:`~neurodecode.connectome.reading.read_resting`.
        **options
            Of the loader, in place of the training's.

        Raises
        ------
        DataFault
            If it cannot be read, or lacks what the decoder needs, by name; see :meth:`predict`.
        """
        people = read_resting(path, self.settings.loader, {**self.settings.options, **options})
        self._require_usable(people)
        return people

    def predict(
        self, data: RestingPeople, *, participant: str | None = None, top: int = 5
    ) -> pd.DataFrame:
        """Call every person, as the run's own evaluation does.

        Parameters
        ----------
        data : RestingPeople
        participant : str, optional
            Refused: nothing is kept of single people.
        top : int, default=5
            Nothing is ranked.

        Returns
        -------
        DataFrame
            ``person``, ``prediction`` (a group's name), ``probability`` (of the second group),
            ``site``, ``true`` ("" where unknown) and ``note``.

        Raises
        ------
        DataFault
            An image is on another grid, has too few volumes or NaN voxels; regions are others;
            covariates are missing; two people have the same scan; a site that did not train has
            fewer people than they can be adjusted by.
        """
        if participant is not None:
            raise ConfigFault("the adhd decoder keeps nothing of single people",
                              fix="leave the participant out")  # fmt: skip
        self._require_usable(data)
        with TemporaryDirectory() as folder:
            info = prepare_people(
                Path(folder), data.table, lambda name: list(data.scans[name]),
                self._mask(Path(folder)), self.settings.scans, self.settings.maps,
            )  # fmt: skip
            study = self._study(Path(folder))
            people, maps = study.people, study.inputs(decoder_of(self.settings.name))
        values = maps[self.settings.threshold]
        if values.shape[1] != self.settings.n_values:
            raise DataFault(f"maps of {values.shape[1]} values, the decoder was trained on "
                            f"{self.settings.n_values}", fix="use the same atlas")  # fmt: skip
        probability = self.model.probability(values, people)
        groups = np.asarray(self.settings.groups, dtype=object)
        return pd.DataFrame({
            "person": people["subject"].to_numpy(str),
            "prediction": groups[(probability > CUT).astype(int)], "probability": probability,
            "site": people["site"].to_numpy(str), "true": self._truth(people),
            "note": self._notes(data, people, info["mended"]),
        })  # fmt: skip

    def summary(self, found: pd.DataFrame) -> list[str]:
        """Return how many were called what, and scores on people who were not in training."""
        case = self.settings.groups[1]
        n_called = int((found["prediction"] == case).sum())
        lines = [f"{len(found)} people decoded, {n_called} called {case}"]
        fresh = found[found["true"].ne("") & ~found["note"].str.contains(KNOWN_SCAN, regex=False)]
        truth = np.asarray(fresh["true"] == case, dtype=np.intp)
        if np.unique(truth).size < 2:
            return lines
        called = np.asarray(fresh["prediction"] == case, dtype=np.intp)
        score = float(batch_score(METRICS["balanced_accuracy"], truth[None], called, 2)[0])
        lines.append(f"balanced accuracy {score:.3f}, chance 0.500, {len(fresh)} people of known "
                     "group who did not train it")  # fmt: skip
        return lines

    def _study(self, folder: Path) -> Study:
        """Return what was prepared, as the run's models read it."""
        settings = self.settings
        content = {
            "description": "", "data": {"dataset": settings.dataset}, "models": [settings.name],
            "scans": settings.scans, "maps": settings.maps,
            "search": {"scaling": settings.scaling},
        }  # fmt: skip
        return Study(validate(ADHDConfig, content), [folder])

    def _mask(self, folder: Path) -> Path | None:
        """Write the mask on its grid, which the masker reads from a file."""
        if self.settings.grid is None or self.inside is None:
            return None
        from nibabel.nifti1 import Nifti1Image

        affine = np.array(self.settings.grid.affine)
        image = Nifti1Image(self.inside.astype(np.uint8), affine)  # type: ignore[no-untyped-call]
        path = folder / "mask.nii.gz"
        path.write_bytes(gzip.compress(image.to_bytes()))
        return path

    def _require_usable(self, people: RestingPeople) -> None:
        """Raise DataFault unless all scans and covariates are what the decoder reads."""
        for scans in people.scans.values():
            for scan in scans:
                self._require_scan(scan)
        if not self.settings.covariates:
            return
        table, named = people.table, ", ".join(self.settings.covariates)
        asked = [name for name in self.settings.covariates if name in table]
        empty = [name for name in asked if name != "site" and table[name].isna().all()]
        unknown_site = table.loc[table["site"] == UNKNOWN_SITE, "subject"]
        if len(unknown_site):
            raise DataFault(
                f"no site of {len(unknown_site)} people, the decoder reads {named}",
                where=", ".join(unknown_site.iloc[:NAMED]),
                fix="give a table beside the scans, people.csv with subject, site, ...",
            )
        if empty:
            raise DataFault(f"covariates that the decoder reads: {', '.join(empty)}",
                            where="the table of people", fix="add these columns")  # fmt: skip
        self._require_site_mates(table)

    def _require_site_mates(self, table: pd.DataFrame) -> None:
        counts = table["site"].astype(str).value_counts()
        for site, n in counts.items():
            if site not in self.settings.sites and n < LEAST_OF_SITE:
                raise DataFault(
                    f"{n} people of site {site}, which did not train",
                    where=f"the decoder knows {', '.join(self.settings.sites)}",
                    fix=f"give {LEAST_OF_SITE} or more of the site at once: they are adjusted by "
                    "one another; or take a decoder without adjustment",
                )

    def _require_scan(self, scan: RestingScan) -> None:
        settings = self.settings
        if settings.reads == "vectors":
            return
        if settings.grid is None:
            self._require_regions(scan)
            return
        if scan.image is None:
            raise DataFault("no image, the decoder was trained on images", where=scan.label)
        shape, affine = resampled_grid(scan.image, settings.scans.voxel_mm)
        same = np.allclose(affine, np.array(settings.grid.affine), atol=AFFINE_TOLERANCE)
        if shape != settings.grid.shape or not same:
            shown = " x ".join(map(str, shape))
            what = f"an image of {shown} voxels on another grid than the decoder's"
            raise DataFault(f"{what}, {settings.grid.worded()}", where=str(scan.image),
                            fix="normalise it to the training's space and grid")  # fmt: skip

    def _require_regions(self, scan: RestingScan) -> None:
        expected, found = self.settings.regions, scan.regions
        if scan.courses is None:
            raise DataFault("no time courses of regions, the decoder was trained on them",
                            where=scan.label)  # fmt: skip
        if found == expected:
            return
        missing = [name for name in expected if name not in found]
        extra = [name for name in found if name not in expected]
        parts = [f"missing: {', '.join(missing[:NAMED])}"] if missing else []
        parts += [f"unknown: {', '.join(extra[:NAMED])}"] if extra else []
        raise DataFault(
            f"{len(found)} regions, the decoder knows {len(expected)}; "
            + ("; ".join(parts) or "in another order"),
            where=scan.label, fix="use the training's atlas",
        )  # fmt: skip

    def _truth(self, people: pd.DataFrame) -> list[str]:
        names: dict[object, str] = dict(enumerate(self.settings.groups))
        return [names.get(code, "") for code in people["group"]]

    def _notes(
        self, data: RestingPeople, people: pd.DataFrame, mended: dict[str, list[str]]
    ) -> list[str]:
        settings, lines = self.settings, []
        regressed = settings.loader == LOCAL and bool(settings.options.get("strategy", True))
        for _, row in people.iterrows():
            parts = list(mended.get(row["subject"], ()))
            if data.plain and regressed and settings.reads == "images":
                parts.append("confounds were taken out of the training's images, not of this one")
            if settings.covariates and row["site"] not in settings.sites:
                parts.append(f"site {row['site']} did not train: adjusted by its people here")
            absent = [n for n in NUMBERS if n in settings.covariates and pd.isna(row[n])]
            if absent:
                parts.append(f"{', '.join(absent)} unknown: the training's median is taken")
            if row["content"][:HASHED] in settings.known:
                parts.append(KNOWN_SCAN)
            lines.append("; ".join(parts))
        return lines
