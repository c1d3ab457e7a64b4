"""Sections of the ``adhd`` report: scores, protocols, sites, thresholds, the leaky mask."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.connectome.decoders import CONFOUNDS, LEAKY_MASK, MASK, decoder_of
from neurodecode.connectome.scores import NAMES, Scores, sweep
from neurodecode.evaluation.adhd200 import adhd200_score
from neurodecode.evaluation.cohort_splits import COHORT_PROTOCOLS
from neurodecode.evaluation.diagnosis_scores import BALANCED
from neurodecode.report.figures import confusion_figure, score_figure
from neurodecode.report.lines import line_figure
from neurodecode.report.model import Block, Section, Table
from neurodecode.report.render import p_text
from neurodecode.report.sections import f3, interval

if TYPE_CHECKING:
    from neurodecode.connectome.config import ADHDConfig
    from neurodecode.connectome.study import Study

LUCK = 0.01
"""A control whose p-value is below is not at chance."""
HOW = (
    "Every person is tested once per protocol, by models that chose threshold, mask and number of "
    "components inside their training part. Intervals: people drawn anew within each site; "
    "they leave out what another training sample would change. p: groups shuffled within folds; "
    "p within sites: shuffled within each site, so that a site's share of cases tells nothing. AUC "
    "compares people of the same fold. Where every site has its own model or fold, answers that "
    "follow a site's share of cases exceed 0.5, which the p-values know and the intervals do not."
)


def scored_section(scores: Scores, protocol: str, main: str) -> Section:
    """All models under one protocol: figure, and a table of all scores."""
    part = scores.part(protocol)
    sites = scores.rows[scores.rows["site"].notna() & (scores.rows["split"] == protocol)]
    points = sites[sites["metric"] == BALANCED].assign(level="subject")
    drawn = pd.concat([part.assign(chance=0.5), points], ignore_index=True)
    figure = score_figure(drawn, metric=NAMES[BALANCED], name=f"scores-{protocol}", main=main)
    blocks: list[Block] = [
        HOW,
        replace(figure, caption="Balanced accuracy and 95 % interval; small points are sites."),
        Table(
            ("model", "balanced accuracy", "95 % interval", "p", "p within sites", "AUC",
             "95 % interval", "people"),
            [_scored_row(scores, protocol, str(model)) for model in part["model"]],
        ),
        Table(
            ("model", "accuracy", "chance", "sensitivity", "specificity"),
            [_rates_row(scores, protocol, str(model)) for model in part["model"]],
            "95 % intervals in brackets; chance of accuracy is the share of the larger group",
        ),
    ]  # fmt: skip
    blocks += _control_words(scores, protocol)
    return Section(f"Scores: {said(protocol)}", blocks)


def _scored_row(scores: Scores, protocol: str, model: str) -> tuple[str, ...]:
    first, auc = scores.row(protocol, model), scores.row(protocol, model, "roc_auc")
    assert first is not None
    area = ("-", "-") if auc is None else (f3(auc["value"]), _interval(auc))
    return (
        model, f3(first["value"]), _interval(first), p_text(first["p_value"]).removeprefix("= "),
        p_text(first["p_site"]).removeprefix("= "), *area, str(first["n"]),
    )  # fmt: skip


def _rates_row(scores: Scores, protocol: str, model: str) -> tuple[str, ...]:
    found = [scores.row(protocol, model, name)
             for name in ("accuracy", "sensitivity", "specificity")]  # fmt: skip
    accuracy, *rates = [_with_interval(row) for row in found]
    chance = "-" if found[0] is None else f3(found[0]["chance"])
    return model, accuracy, chance, *rates


def _interval(row: pd.Series[Any]) -> str:
    return interval(row["ci_low"], row["ci_high"])


def _with_interval(row: pd.Series[Any] | None) -> str:
    return "-" if row is None else f"{row['value']:.3f} ({_interval(row)})"


def _control_words(scores: Scores, protocol: str) -> list[Block]:
    """Say of each control whether it is at chance: by its interval, else by its p-value."""
    words: list[Block] = []
    for _, row in scores.part(protocol).iterrows():
        if not decoder_of(str(row["model"])).shuffled or row["ci_low"] is None:
            continue
        inside = row["ci_low"] <= row["chance"] <= row["ci_high"]
        lucky = row["p_value"] is None or row["p_value"] >= LUCK
        at_chance = inside or lucky
        verdict = "at chance, as it must" if at_chance else "NOT at chance: do not trust this run"
        words.append(
            f"Control: trained on groups in random order, {row['model']} scores "
            f"{_with_interval(row)}: {verdict}."
        )
    return words


def protocols_section(scores: Scores, config: ADHDConfig) -> list[Section]:
    """Put each model's scores under all protocols side by side; nothing with one protocol."""
    if len(config.protocols) < 2:
        return []
    rows = []
    for model in config.models:
        found = [scores.row(protocol, model) for protocol in config.protocols]
        rows.append((model, *map(_with_interval, found)))
    described = [
        (said(name), COHORT_PROTOCOLS[name].description,
         "-" if found is None else str(found["n"]))
        for name in config.protocols
        for found in [scores.row(name, config.models[0])]
    ]  # fmt: skip
    blocks: list[Block] = [
        "Balanced accuracy with its 95 % interval.",
        Table(("model", *(said(name) for name in config.protocols)), rows),
        Table(("protocol", "what is tested", "people"), described),
    ]
    return [Section("Protocols side by side", blocks)]


def sites_section(scores: Scores, protocol: str, main: str, config: ADHDConfig) -> Section:
    """Per site: people, share of cases, scores of the main model, confusion."""
    answers, values = scores.answers(protocol, main), scores.sites(protocol, main)
    rows = []
    for site, part in answers.groupby("site", sort=True):
        true, right = part["y_true"] == 1, part["y_pred"] == part["y_true"]
        known = values.loc[str(site)] if str(site) in values.index else pd.Series(dtype=float)
        share = float(true.mean())
        rows.append((
            site, len(part), f"{share:.2f}", f"{f3(known.get('accuracy'))} "
            f"({max(share, 1 - share):.3f})", f3(known.get(BALANCED)), f3(known.get("roc_auc")),
            *(f"{(mine & right).sum()} of {mine.sum()}" for mine in (true, ~true)),
        ))  # fmt: skip
    control, case = config.groups
    columns = ("site", "people", f"share of {case}", "accuracy (largest group)", "balanced",
               "AUC", f"{case} recognised", f"{control} recognised")  # fmt: skip
    named = answers.assign(
        y_true=np.where(answers["y_true"] == 1, case, control),
        y_pred=np.where(answers["y_pred"] == 1, case, control),
    )
    blocks: list[Block] = [
        f"{main}, {said(protocol)}. A dash: the site has a single group. All sites together:",
        confusion_figure(named, name="confusion", unit="people"),
        Table(columns, rows),
    ]
    return Section("Sites", blocks)


def sweep_section(scores: Scores, config: ADHDConfig, study: Study) -> list[Section]:
    """Score every threshold in the test part, and show what was chosen; nothing without maps."""
    protocol = config.protocols[0]
    tables = []
    for decoder in config.decoders:
        found = sweep(scores, protocol, decoder.name)
        if len(found) > 1 and not decoder.shuffled:
            tables.append(found.assign(line=decoder.name))
    if not tables:
        return []
    table = pd.concat(tables, ignore_index=True)
    kinds = table["threshold"].str.split(" ", expand=True)
    table = table.assign(kind=kinds[0], x=kinds[1].astype(float), y=table["value"])
    blocks: list[Block] = [
        "Balanced accuracy in the test parts at every threshold, mask and components chosen inside "
        "the training part. The best of these was not known when a model was chosen: the scores "
        "above are those of the threshold that the training part named."
    ]
    for kind, part in table.groupby("kind", sort=False):
        if len(set(part["x"])) > 1:
            chance = pd.DataFrame({"line": "chance", "x": sorted(set(part["x"])), "y": 0.5})
            drawn = pd.concat([part[["line", "x", "y"]], chance])
            blocks.append(
                line_figure(drawn, xlabel=str(kind), ylabel=NAMES[BALANCED],
                            name=f"sweep-{kind}", dashed=("chance",), log_x=kind == "density")
            )  # fmt: skip
    blocks += [_sweep_table(table, scores, config, study), _choices_table(scores, config)]
    return [Section("Thresholds", blocks)]


def _sweep_table(
    table: pd.DataFrame, scores: Scores, config: ADHDConfig, study: Study
) -> Table:  # fmt: skip
    names = list(dict.fromkeys(table["threshold"]))
    wide = table.pivot_table(index="line", columns="threshold", values="value", sort=False)
    density = mean_density(study)
    shares = [f"{100 * density[name]:.2f} %" if name in density else "-" for name in names]
    rows: list[tuple[str, ...]] = [("mean density", *shares, "")]
    for line in wide.index:
        chosen = scores.row(config.protocols[0], str(line))
        cell = "-" if chosen is None else f3(chosen["value"])
        rows.append((str(line), *(f3(wide.loc[line, name]) for name in names), cell))
    return Table(("model", *names, "chosen inside"), rows)


def _choices_table(scores: Scores, config: ADHDConfig) -> Table:
    mine = scores.choices[scores.choices["split"] == config.protocols[0]]
    rows = [
        (row.model, row.fold, row.threshold, row.mask, f"{row.n_components:g}", f3(row.inner_auc))
        for row in mine.itertuples()
    ]
    columns = ("model", "fold", "threshold", "mask", "components", "AUC of inner folds")
    return Table(columns, rows, "What each fold chose", folded=True)


def mean_density(study: Study) -> dict[str, float]:
    """Return the mean density of people's graphs by threshold."""
    found = [(info["density"], len(info["subjects"])) for info in study.infos if info["density"]]
    total = sum(n for _, n in found)
    return {
        name: sum(density[name] * n for density, n in found) / total
        for name in (found[0][0] if found else {})
    }


def leak_section(scores: Scores, config: ADHDConfig) -> list[Section]:
    """Put honest and leaky masks side by side, nothing where one is missing."""
    rows = []
    for decoder in config.decoders:
        if decoder.leaks is None or decoder.shuffled:
            continue
        honest = decoder.name.replace(LEAKY_MASK, MASK)
        for protocol in config.protocols:
            pair = [scores.row(protocol, name) for name in (honest, decoder.name)]
            table = scores.compared(protocol, decoder.name, [honest], config.seed)
            if pair[0] is None or pair[1] is None or table.empty:
                continue
            gain = table.iloc[0]
            rows.append((
                decoder.family, said(protocol),
                *map(_with_interval, pair),
                f"{gain['difference']:+.3f} "
                f"({interval(gain['ci_low'], gain['ci_high'], signed=True)})",
            ))  # fmt: skip
    if not rows:
        return []
    text = (
        "The same pipeline with its mask chosen from all people, those of the test part included: "
        "what an analysis reports that looks at everybody's groups before it divides them."
    )
    columns = ("feature", "protocol", "mask from training people", "mask from all (leaks)",
               "flattered by")  # fmt: skip
    return [Section("Honest and leaky mask", [text, Table(columns, rows)])]


def confounds_section(scores: Scores, config: ADHDConfig, study: Study) -> Section:
    """What tells the groups apart without a look at networks."""
    people, (control, case) = study.people, config.groups
    rows = []
    for column, name in (
        ("age", "age, years"), ("full_iq", "full IQ"), ("n_volumes", "volumes"),
        ("mean_fd", "mean framewise displacement, mm"), ("max_fd", "largest displacement, mm"),
    ):  # fmt: skip
        groups = [people.loc[people["group"] == group, column].astype(float) for group in (0, 1)]
        if all(values.notna().any() for values in groups):
            rows.append((name, *(f"{v.mean():.2f} ({v.std():.2f})" for v in groups)))
    males = [
        "-" if (mine := people.loc[people["group"] == group, "sex"].dropna()).empty
        else f"{100 * (mine == 'M').mean():.0f} %"
        for group in (0, 1)
    ]  # fmt: skip
    rows.append(("male", *males))
    counts = people["group"].value_counts()
    shown = tuple(f"{name} ({counts.get(k, 0)})" for k, name in enumerate((control, case)))
    blocks: list[Block] = [
        "Means (standard deviations). What differs here is what a model of scans can live on "
        "without any knowledge of networks: compare its score with those of phenotype, motion and "
        "site.",
        Table(("", *shown), rows),
    ]
    protocol = config.protocols[0]
    known = [(name, scores.row(protocol, name)) for name in (config.models[0], *CONFOUNDS)]
    table = [
        (name, f3(row["value"]), _interval(row))
        for name, row in known if row is not None
    ]  # fmt: skip
    if len(table) > 1:
        blocks.append(Table(("model", "balanced accuracy", "95 % interval"), table))
    return Section("People and confounds", blocks)


def rule_section(scores: Scores, config: ADHDConfig) -> list[Section]:
    """Score answers by the rule of the ADHD-200 competition; nothing without subtypes."""
    protocol = config.protocols[0]
    rows = []
    for model in config.models:
        mine = scores.answers(protocol, model)
        if "dx" not in mine or mine["dx"].isna().any() or mine.empty:
            return []
        found = adhd200_score(mine["dx"].astype(int), mine["dx_pred"].astype(int))
        rows.append((model, f"{found.points:g} of {found.n}", f"{found.points / found.n:.3f}",
                     f"{found.all_control:g}", f3(found.subtype_accuracy)))  # fmt: skip
    text = (
        "One point for a control or a subtype that is right, half a point for ADHD with a wrong "
        "subtype. Models tell two groups apart; a case is answered with the subtype that is most "
        f"frequent in training. {said(protocol).capitalize()}. The winner of 2011 from images had "
        "119 of 195 points, phenotypes alone 124."
    )
    columns = ("model", "points", "per person", "all control", "subtype right, of those found")
    return [Section("ADHD-200 scoring", [text, Table(columns, rows)])]


def said(protocol: str) -> str:
    """Return a protocol's name in words."""
    return protocol.replace("_", " ")
