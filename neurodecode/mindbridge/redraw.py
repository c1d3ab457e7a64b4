"""Redraw the seen pictures from what both heads say, choose among candidates, and score them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from neurodecode.artefacts import read_json, write_json, write_parquet
from neurodecode.evaluation.reconstruction import Reconstructions, score_reconstructions
from neurodecode.evaluation.redrawn import save_pictures
from neurodecode.faults import ConfigFault, DataFault
from neurodecode.mindbridge.candidates import choose_candidates, likeness
from neurodecode.mindbridge.latents import Guide, guides_of, missing_latents
from neurodecode.mindbridge.loading import averaged, load_model, sections_of
from neurodecode.mindbridge.targets import Targets, read_targets
from neurodecode.stimuli.generation.generator import PictureGenerator, make_generator
from neurodecode.stimuli.pictures.encoder import PictureEncoder, make_picture_encoder
from neurodecode.stimuli.pictures.files import read_picture

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.mindbridge.data import SubjectData
    from neurodecode.mindbridge.model import MindBridge
    from neurodecode.mindbridge.study import Study
    from neurodecode.mindbridge.units import Unit

TABLE, ROWS = "redrawn.parquet", "redrawn.json"
HONEST, LEAKING = "redrawn", "redrawn, leaks: chosen by the true picture"


@dataclass(frozen=True)
class Redrawn:
    """Pictures made from the test signals of every subject of a unit.

    Attributes
    ----------
    table : DataFrame
        A row per picture: ``subject, stimulus, image``, ``candidate`` (which was kept) and scores.
    pictures : ndarray of uint8, shape (n, height, width, 3)
        In the order of the table.
    rows : list of dict
        Metric rows of everybody together, and of each subject.
    latents : dict of str to str
        The head whose estimate each latent of the generator is; "noise" for one nobody predicts.
    """

    table: pd.DataFrame
    pictures: NDArray[np.uint8]
    rows: list[dict[str, Any]]
    latents: dict[str, str]

    def save(self, folder: Path) -> None:
        """Write ``redrawn.parquet``, ``redrawn.json`` and ``pictures.npy``."""
        write_parquet(folder / TABLE, self.table)
        write_json(folder / ROWS, {"rows": self.rows, "latents": self.latents})
        save_pictures(folder, self.pictures)


def read_redrawn(folder: Path) -> tuple[pd.DataFrame, list[dict[str, Any]], dict[str, str]]:
    """Return table, metric rows and latents of what :meth:`Redrawn.save` wrote."""
    content = read_json(folder / ROWS)
    return pd.read_parquet(folder / TABLE), content["rows"], content["latents"]


def redraw_unit(study: Study, unit: Unit, folder: Path) -> Redrawn | None:
    """Redraw the test pictures of a unit's subjects; None for every unit but the run's first.

    Of the published system: predicted image tokens guide as the tokens of a picture, predicted text
    tokens as those of a text, and drawing starts from noise. Released code keeps the candidate
    nearest to the true picture; here the default is nearest to the prediction.

    Raises
    ------
    ConfigFault
        If no head predicts what the generator needs.
    DataFault
        If a test stimulus has no picture.

    References
    ----------
    Wang et al. (2024), MindBridge: a cross-subject brain decoding framework, CVPR; the authors'
    code, littlepure2333/MindBridge.
    """
    settings = study.config.redraw
    if settings.generator is None or unit.name != study.first_unit:
        return None
    targets = read_targets(study)
    generator = make_generator(settings.generator, **settings.options)
    drawing = Drawing(study, targets, generator, guides_of(study.config.target, targets, generator))
    model = load_model(study, unit, targets, folder)
    bridge, _ = sections_of(study, unit.variant)
    tests = {s: study.data(s, "test", bridge, targets) for s in unit.subjects}
    found = {subject: drawing.of(model, data, subject) for subject, data in tests.items()}
    tables = [table for table, _, _ in found.values()]
    scored = {subject: scores for subject, (_, _, scores) in found.items()}
    return Redrawn(
        pd.concat(tables, ignore_index=True),
        np.concatenate([pictures for _, pictures, _ in found.values()]),
        _rows(study, unit, scored),
        drawing.sources,
    )


@dataclass(frozen=True)
class Drawing:
    """How estimates become pictures, the same for all subjects.

    Attributes
    ----------
    study : Study
    targets : Targets
    generator : PictureGenerator
    guides : dict of str to Guide
        By latent of the generator.
    """

    study: Study
    targets: Targets
    generator: PictureGenerator
    guides: dict[str, Guide]

    @property
    def sources(self) -> dict[str, str]:
        """Where each latent of the generator comes from."""
        found = dict.fromkeys(self.generator.latents, "noise")
        return found | {name: f"{guide.head} head" for name, guide in self.guides.items()}

    def of(
        self, model: MindBridge, data: SubjectData, subject: str
    ) -> tuple[pd.DataFrame, NDArray[np.uint8], Reconstructions]:
        """Return table, pictures and scores of one subject's test stimuli."""
        with torch.no_grad():
            decoded = model(torch.from_numpy(averaged(data)), subject)
        estimates = {name: value.numpy() for name, value in decoded._asdict().items()
                     if value is not None}  # fmt: skip
        shown = _shown(self.study, data.ids)
        pictures, chosen = self._pictures(estimates, shown)
        scores = self._score(shown, pictures)
        table = shown.assign(subject=subject, candidate=chosen)
        return table.join(scores.table.drop(columns="picture")), pictures, scores

    def _pictures(
        self, estimates: dict[str, NDArray[np.float32]], shown: pd.DataFrame
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        settings = self.study.config.redraw
        trained = self.study.trials.loc[self.study.trials["part"] == "train", "stimulus"]
        names = trained.unique().tolist()
        latents = {
            name: guide.latents(estimates[guide.head], names, restandardised=settings.restandardise)
            for name, guide in self.guides.items()
        }
        latents |= missing_latents(self.generator, latents, len(shown))

        def draw(candidate: int) -> NDArray[np.uint8]:
            seed = self.study.config.seed + candidate
            return self.generator.generate(latents, random_state=seed)

        def near(pictures: NDArray[np.uint8]) -> NDArray[np.float64]:
            return self._likeness(pictures, estimates, shown)

        return choose_candidates(draw, near, settings.candidates)

    def _likeness(
        self,
        pictures: NDArray[np.uint8],
        estimates: dict[str, NDArray[np.float32]],
        shown: pd.DataFrame,
    ) -> NDArray[np.float64]:
        """Return how near each picture is to the brain's prediction or to the true picture."""
        labels = shown["label"].tolist()
        if self.study.config.redraw.choice == "prediction":
            encoder = self._encoder(self.targets.first.name)
            found = encoder.encode(list(pictures), labels) - self.targets.first.offset
            return likeness(found, estimates["image"])
        encoder = self._encoder(self.study.config.redraw.identification[0])
        true = encoder.encode(_true(self.study, shown), labels)
        return likeness(encoder.encode(list(pictures), labels), true)

    def _encoder(self, name: str) -> PictureEncoder:
        encoder = make_picture_encoder(name, **self.study.config.target.options.get(name, {}))
        if encoder.reads_labels:
            raise ConfigFault(f"the encoder {name} reads labels: all candidates look alike to it",
                              fix="take another target.image, or redraw.candidates=1")  # fmt: skip
        return encoder

    def _score(self, shown: pd.DataFrame, pictures: NDArray[np.uint8]) -> Reconstructions:
        config = self.study.config
        encoders = {
            name: make_picture_encoder(name, **config.target.options.get(name, {}))
            for name in config.redraw.identification
        }
        return score_reconstructions(
            _true(self.study, shown), list(pictures), shown["image"].tolist(), encoders=encoders,
            labels=shown["label"].tolist(), random_state=config.seed,
        )  # fmt: skip


def _shown(study: Study, stimuli: Sequence[str]) -> pd.DataFrame:
    """Return ``stimulus``, ``image`` and ``label`` of some stimuli."""
    known = study.trials.drop_duplicates("stimulus").set_index("stimulus").loc[list(stimuli)]
    unclear = [name for name, image in known["image"].items()
               if not image or name in study.exemplars]  # fmt: skip
    if unclear or study.pictures is None:
        raise DataFault("what was seen is not known to the picture, nothing can be compared",
                        where=f"stimulus '{(unclear or stimuli)[0]}'",
                        fix="switch redrawing off (redraw.generator=null)")  # fmt: skip
    labels = known["caption"].where(known["caption"] != "", known["category"])
    return pd.DataFrame(
        {"stimulus": list(stimuli), "image": known["image"].to_list(), "label": labels.to_list()}
    )


def _true(study: Study, shown: pd.DataFrame) -> list[NDArray[np.uint8]]:
    assert study.pictures is not None
    return [read_picture(study.pictures / name) for name in shown["image"]]


def _rows(study: Study, unit: Unit, scored: dict[str, Reconstructions]) -> list[dict[str, Any]]:
    """Return metric rows; everybody's interval resamples pictures, which all subjects saw."""
    config = study.config
    leaks = config.redraw.choice == "truth" and config.redraw.candidates > 1
    options: Any = {
        "model": f"{unit.model}, {config.redraw.generator}", "split": LEAKING if leaks else HONEST,
        "seed": config.seed, "n_resamples": config.evaluation.n_bootstrap,
    }  # fmt: skip
    found = [row for subject, one in scored.items() for row in one.rows(subject=subject, **options)]
    if len(scored) > 1:
        each = list(scored.values())
        chance = {name: float(np.mean([one.chance[name] for one in each]))
                  for name in each[0].chance}  # fmt: skip
        together = pd.concat([one.table for one in each], ignore_index=True)
        found = [*Reconstructions(together, chance).rows(**options), *found]
    return [asdict(row) for row in found]
