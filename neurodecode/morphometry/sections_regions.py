"""Sections of the ``mci`` report on measures: differences, selection, harmonisation, people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from neurodecode.datasets.morphometry.names import GROUP, measure_columns
from neurodecode.faults import DataFault
from neurodecode.morphometry.collected import Collected
from neurodecode.morphometry.harmonizer import PolynomialHarmonizer
from neurodecode.morphometry.places import strongest_by_place
from neurodecode.morphometry.regions import region_statistics
from neurodecode.morphometry.removed import explained_variance
from neurodecode.morphometry.sections import main_model
from neurodecode.morphometry.stability import (
    selection_counts,
    selection_matrix,
    selection_stability,
)
from neurodecode.report.brain_maps import markers_figure, region_figure
from neurodecode.report.figures import difference_figure
from neurodecode.report.model import Block, Section, Table
from neurodecode.report.render import p_text
from neurodecode.report.sections import f3, interval, source_blocks

if TYPE_CHECKING:
    from pathlib import Path

    from neurodecode.morphometry.study import Study

N_SHOWN = 20
"""Measures in figures."""


@dataclass(frozen=True)
class Recovered:
    """What the tests found of a planted effect.

    Attributes
    ----------
    n_planted, n_found, n_false : int
        Measures with an effect; those of them that are significant; others that are.
    """

    n_planted: int
    n_found: int
    n_false: int

    @property
    def sentence(self) -> str:
        """The counts in words."""
        total = self.n_found + self.n_false
        share = f", {100 * self.n_false / total:.0f} % of the findings" if total else ""
        return (f"Planted: {self.n_planted} measures, of which {self.n_found} are significant; "
                f"false findings: {self.n_false}{share}.")  # fmt: skip


def group_differences(study: Study) -> pd.DataFrame:
    """Test every measure of everybody, as z-scores by the controls where covariates are known."""
    config, table = study.config, study.table
    measures = measure_columns(table)
    covariates = [name for name in config.search.covariates if name in table]
    values = table[measures]
    if covariates and not table[covariates].isna().to_numpy().any():
        site = "site" if config.search.site_term and "site" in table else None
        harmonizer = PolynomialHarmonizer(
            covariates, degree=config.search.degree, site=site, unknown_site="mean",
            fit_on=config.search.fit_on,
            spread=None if config.search.spread == "constant" else config.search.spread,
        )  # fmt: skip
        found = harmonizer.fit_transform(table, study.groups)
        values = pd.DataFrame(found, table.index, harmonizer.measures_)
    return region_statistics(values, study.groups, alpha=config.evaluation.fdr)


def planted_measures(root: Path) -> dict[str, float]:
    """Return the planted shifts of a simulated data set by measure, in SD."""
    from neurodecode.datasets.simulate.morphometry_truth import MEASURES, MorphometryTruth

    truth = MorphometryTruth.read(root)
    return {name: float(truth.shift[MEASURES.index(name)]) for name in truth.planted}


def recovered(differences: pd.DataFrame, planted: dict[str, float]) -> Recovered:
    """Count planted measures that are significant, on the right side, and others."""
    found = differences[differences["significant"]]
    right = [planted.get(m, 0.0) * g > 0
             for m, g in zip(found["measure"], found["hedges_g"], strict=True)]  # fmt: skip
    n_planted = sum(measure in planted for measure in differences["measure"])
    return Recovered(n_planted, sum(right), len(found) - sum(right))


def regions_section(
    study: Study, differences: pd.DataFrame, planted: dict[str, float] | None
) -> Section:
    """Differences between the groups, measure by measure."""
    config, (control, case) = study.config, study.config.groups
    significant = int(differences["significant"].sum())
    text = (
        f"Two-sided Welch tests of all {len(differences)} measures as z-scores, {case} minus "
        f"{control}, everybody once; false discovery rate {100 * config.evaluation.fdr:g} % "
        f"(Benjamini and Hochberg): {significant} significant. These describe the people of this "
        "run; no model was chosen by them."
    )
    top = differences.head(N_SHOWN)
    labelled = top.assign(label=top["measure"], difference=top["hedges_g"])
    blocks: list[Block] = [text]
    if planted:
        blocks.append(recovered(differences, planted).sentence)
    title = f"Hedges' g of {case} minus {control}"
    blocks.append(difference_figure(labelled, metric=f"z-scores, {title}", name="regions"))
    placed = strongest_by_place(differences, "hedges_g").rename(columns={"measure": "label"})
    if len(placed):
        shown = f"{title}, at about the middle of each region; of several measures the strongest"
        blocks.append(markers_figure(placed, title=shown, name="regions-brain"))
    columns = ("measure", "g", "95 % interval", "p", "p, FDR", "significant",
               *(("planted, SD",) if planted else ()))  # fmt: skip
    blocks.append(Table(columns, [_tested(row, planted) for row in differences.itertuples()],
                        "Every measure", folded=True))  # fmt: skip
    return Section("Regions", blocks)


def _tested(row: Any, planted: dict[str, float] | None) -> tuple[str, ...]:
    shift = () if not planted else (
        f"{planted[row.measure]:+.2f}" if row.measure in planted else "",
    )  # fmt: skip
    return (row.measure, f"{row.hedges_g:+.2f}", interval(row.ci_low, row.ci_high, signed=True),
            p_text(row.p).removeprefix("= "), p_text(row.p_fdr).removeprefix("= "),
            "yes" if row.significant else "", *shift)  # fmt: skip


def selection_section(
    scores: Collected, study: Study, planted: dict[str, float] | None
) -> list[Section]:
    """How stable the selection is, and what the main model selects."""
    config, measures = study.config, list(study.info["measures"])
    rows = []
    for form in config.forms:
        for model in dict.fromkeys(scores.part(form)["model"]):
            chosen = scores.chosen_of(form, str(model))
            if set(chosen["classifier"]) <= set(config.classifiers):
                rows.append((form, model, *_stability(chosen, measures)))
    if len(measures) < 2:
        return []
    main, form = main_model(config), config.forms[0]
    counts = selection_counts(scores.chosen_of(form, main)["measures"], measures)
    top = counts.head(N_SHOWN)
    bars = pd.DataFrame({"label": top["measure"], "value": top["share"]})
    text = (
        "Stability of the selected sets over folds and replicates (Nogueira et al. 2018): 1 equal "
        "sets, 0 as alike as sets drawn at random. Training sets overlap, which makes sets alike "
        "for that reason too."
    )
    caption = (f"{main}, {form}: share of the folds that selected a measure; at random "
               f"{top['expected'].iloc[0]:.3f}.")  # fmt: skip
    blocks: list[Block] = [text, region_figure(bars, caption=caption, name="selected")]
    if planted:
        n_shown = sum(measure in planted for measure in top["measure"])
        blocks.append(f"{n_shown} of the {len(top)} measures selected most often are planted.")
    blocks.append(Table(("form", "model", "stability", "measures kept, mean", "folds"), rows,
                        "Every model", folded=True))  # fmt: skip
    return [Section("Selection", blocks)]


def _stability(chosen: pd.DataFrame, measures: list[str]) -> tuple[str, str, int]:
    matrix = selection_matrix(chosen["measures"], measures)
    try:
        stability = f3(selection_stability(matrix))
    except DataFault:  # all or nothing was selected: undefined
        stability = "-"
    return stability, f"{matrix.sum(axis=1).mean():.1f}", len(chosen)


def harmonisation_section(study: Study) -> list[Section]:
    """What each harmonisation leaves of age, sex, head size and site."""
    config = study.config
    names = ["raw", *(name for name in config.harmonisations if name not in ("raw", "z-score"))]
    if "z-score" in config.harmonisations and "residual" not in names:
        names.append("residual")
    if len(names) == 1:
        return []
    settings = study.settings(config.forms[0])
    found = explained_variance(study.table, study.groups, settings, names)
    if found.empty:
        return []
    covariates = list(dict.fromkeys(found["covariate"]))
    rows = []
    for name in names:
        mine = found[found["harmonisation"] == name].set_index("covariate")
        cells = [f"{row.median:.3f} ({interval(row.low, row.high)})"
                 for row in mine.loc[covariates].itertuples()]  # fmt: skip
        rows.append(("residual, z-score" if name == "residual" else name, *cells))
    text = (
        f"Share of variance that a covariate explains in {found['n'].iloc[0]} people of group 0, "
        "adjusted R2, median over the measures and 10 % to 90 % of them in brackets; everybody was "
        "harmonised by a model fitted without them. Regression takes covariates out"
        f"{'' if config.search.site_term else ' but not the site, which is no term of it here'}; "
        "ComBat takes the site out and keeps age and sex."
    )
    return [Section("What harmonisation removes",
                    [text, Table(("harmonisation", *covariates), rows)])]  # fmt: skip


def cohort_section(study: Study, folder: Path) -> Section:
    """Who takes part, who was left out and why, and what the checks changed."""
    cohort, (control, case) = study.cohort, study.config.groups
    flow = [(row.step, row.dropped or "", row.left) for row in study.flow.itertuples()]
    rows: list[tuple[str, ...]] = [
        ("people", *(str(int((cohort[GROUP] == g).sum())) for g in (0, 1)))
    ]
    for column, name in (("age", "age, years"), ("etiv", "eTIV, mm3"),
                         ("follow_up", "follow-up, years"),
                         ("years_to_impairment", "years to impairment")):  # fmt: skip
        if column in cohort:
            parts = [cohort.loc[cohort[GROUP] == g, column].dropna() for g in (0, 1)]
            cells = [f"{p.mean():,.1f} ({p.std():,.1f})" if len(p) else "-" for p in parts]
            rows.append((name, *cells))
    if "sex" in cohort:
        shares = [cohort.loc[cohort[GROUP] == g, "sex"].mean() for g in (0, 1)]
        rows.append(("men", *(f"{100 * share:.0f} %" for share in shares)))
    blocks: list[Block] = [
        Table(("step", "left out", "people left"), flow, "How the cohort came about"),
        Table(("", control, case), rows, "Means (standard deviations)"),
    ]
    if "site" in cohort:
        counts = pd.crosstab(cohort["site"].astype(str), cohort[GROUP])
        counts = counts.reindex(columns=[0, 1], fill_value=0)
        sites = [(str(site), *map(int, counts.loc[site])) for site in counts.index]
        blocks.append(Table(("site", control, case), sites, folded=len(sites) > 6))
    blocks.append(f"{len(study.info['measures'])} measures of each.")
    blocks += [f"Note: {note}." for note in study.info["notes"]]
    return Section("Cohort", [*blocks, *source_blocks(folder, [study.folder])])
