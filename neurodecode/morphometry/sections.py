"""Sections of the ``mci`` report: scores, comparisons, inner and outer, calibration, leaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from neurodecode.morphometry.baselines import BASELINES
from neurodecode.morphometry.classifiers import classifier_table
from neurodecode.morphometry.collected import AROC, NAMES, Collected
from neurodecode.morphometry.config import NULL
from neurodecode.morphometry.evaluation import model_name
from neurodecode.morphometry.forms import form_of
from neurodecode.morphometry.scores import aroc_interval
from neurodecode.report.figures import difference_figure, score_figure
from neurodecode.report.lines import line_figure
from neurodecode.report.model import Block, Section, Table
from neurodecode.report.render import p_text
from neurodecode.report.sections import f3, interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neurodecode.morphometry.config import MCIConfig
    from neurodecode.morphometry.study import Study

INTERVALS = (
    "A cell is the mean over replicates, in brackets the 95 % interval over people: they are drawn "
    "anew within each group, given the models fitted. The spread over replicates (SD) only says "
    "how much a score depends on the split of the same people; the corrected interval allows for "
    "training sets that overlap (Nadeau and Bengio 2003). p: that test against chance, one-sided, "
    "AROC. AROC is computed within folds, all other scores from the calls of all folds of a "
    "replicate together. F1: group 1 is the positive class. MCC' = (MCC + 1) / 2."
)
SPREADS = {
    "constant": "one per measure: residuals in another unit, which classifiers that standardise, "
    "rank or split cannot tell apart, so that both forms answer alike",
    "age": "which is a straight line of age",
}
LEAK = "leaks: measures ranked on test people too"
N_CALIBRATED = 5
"""Classifiers in the figure of calibration; more lines cannot be told apart."""


def main_model(config: MCIConfig) -> str:
    """Return the name of the model that the report is about."""
    return model_name(*config.main)


def scores_section(scores: Collected, form: str, config: MCIConfig) -> Section:
    """All models in one form: figure, classifiers x harmonisations, all scores."""
    part = scores.part(form).sort_values("value", ascending=False, kind="stable")
    entry, main = form_of(form), main_model(config)
    n = int(part["n"].iloc[0])
    blocks: list[Block] = [
        f"{entry.description[0].upper()}{entry.description[1:]}: {n} people tested. "
        f"Settings are chosen by {NAMES[config.criterion(form)]} of inner folds. {INTERVALS}",
        score_figure(part, metric=NAMES[AROC], name=f"scores-{form}", main=main),
        *(_crossed(scores, form, metric, config) for metric in NAMES),
        _spread_table(scores, form),
    ]
    return Section(f"Scores: {form}", blocks)


def _crossed(scores: Collected, form: str, metric: str, config: MCIConfig) -> Table:
    """Return a score as classifiers x harmonisations, with its chance level."""
    part, rows = scores.part(form, metric), []
    for classifier in dict.fromkeys(part["classifier"]):
        mine = part[part["classifier"] == classifier].set_index("harmonisation")
        cells = [_cell(mine.loc[name]) if name in mine.index else "-"
                 for name in config.harmonisations]  # fmt: skip
        if classifier in BASELINES and not BASELINES[classifier].harmonised:
            cells = [_cell(mine.iloc[0]), *[""] * (len(config.harmonisations) - 1)]
        rows.append((classifier, *cells))
    caption = f"{NAMES[metric]}; chance {part['chance'].iloc[0]:.3f}"
    caption += ", smaller is better" if metric == "brier" else ""
    return Table((NAMES[metric], *config.harmonisations), rows, caption,
                 folded=metric not in (AROC, "balanced_accuracy", "f1"))  # fmt: skip


def _cell(row: pd.Series[Any]) -> str:
    return f"{row['value']:.3f} ({interval(row['ci_low'], row['ci_high'])})"


def _spread_table(scores: Collected, form: str) -> Table:
    rows = [
        (row.model, NAMES[str(row.metric)], f3(row.value), f3(row.sd),
         interval(row.replicate_low, row.replicate_high),
         interval(row.corrected_low, row.corrected_high), interval(row.ci_low, row.ci_high),
         p_text(row.p_value).removeprefix("= ") if row.metric == AROC else "")
        for row in scores.rows[scores.rows["split"] == form].itertuples()
    ]  # fmt: skip
    columns = ("model", "score", "mean", "SD of replicates", "95 % of replicates",
               "corrected 95 %", "95 % over people", "p")  # fmt: skip
    return Table(columns, rows, "Every score with its three intervals", folded=True)


def comparisons_section(scores: Collected, form: str, config: MCIConfig) -> list[Section]:
    """The main model against all others, and harmonisations against each other."""
    main = main_model(config)
    others = [str(name) for name in scores.part(form)["model"] if name != main]
    table = scores.compared(form, main, others)
    if table.empty:
        return []
    table = table.assign(label=[f"{main} - {name}" for name in table["model"]])
    text = (
        "Differences in AROC on the same replicates, folds and people. p: corrected resampled t "
        "test over folds, two-sided; Holm's correction over the rows. The interval drawn spans the "
        "corrected one and the one over people, and so the claims below are judged."
    )
    rows = [
        (row.label, f"{row.difference:+.3f}",
         interval(row.corrected_low, row.corrected_high, signed=True),
         interval(row.people_low, row.people_high, signed=True),
         p_text(row.p).removeprefix("= "), p_text(row.p_holm).removeprefix("= "))
        for row in table.itertuples()
    ]  # fmt: skip
    columns = ("difference of", NAMES[AROC], "corrected 95 %", "95 % over people", "p", "p, Holm")
    blocks: list[Block] = [
        text,
        difference_figure(table, metric=NAMES[AROC], name=f"difference-{form}"),
        Table(columns, rows, "Every difference with its intervals", folded=True),
        *_pairs(scores, form, config),
    ]
    return [Section(f"Comparisons: {form}", blocks)]


def _pairs(scores: Collected, form: str, config: MCIConfig) -> list[Block]:
    """Harmonisations against each other, by classifier and by the mean over classifiers."""
    names, rows = config.harmonisations, []
    for place, first in enumerate(names):
        for second in names[place + 1 :]:
            mean = scores.harmonisations_compared(form, first, second, config.classifiers)
            if mean is not None and len(config.classifiers) > 1:
                rows.append((f"{first} - {second}", "mean over classifiers", *_signed(mean)))
            for classifier in config.classifiers:
                table = scores.compared(
                    form, model_name(classifier, first), [model_name(classifier, second)]
                )
                if len(table):
                    rows.append((f"{first} - {second}", classifier, *_signed(table.iloc[0])))
    columns = ("harmonisation", "classifier", "difference in AROC", "95 %, wider", "p")
    return [Table(columns, rows, "Harmonisations against each other")] if rows else []


def _signed(row: pd.Series[Any]) -> tuple[str, str, str]:
    return (f"{row['difference']:+.3f}", interval(row["ci_low"], row["ci_high"], signed=True),
            p_text(row["p"]).removeprefix("= "))  # fmt: skip


def gap_section(scores: Collected, config: MCIConfig) -> Section:
    """By how much inner scores flatter."""
    rows = [
        (row.split, row.model, NAMES[str(row.criterion)], f3(row.inner), f3(row.outer),
         f"{row.gap:+.3f}", f3(row.sd))
        for row in scores.gaps.itertuples() if row.classifier in config.classifiers
    ]  # fmt: skip
    text = (
        "The inner score is the largest of all settings tried, so it is optimistic; the outer one "
        "is that of people who were left out. The gap is what a search without an outer loop would "
        "have overstated."
    )
    columns = ("form", "model", "criterion", "inner", "outer", "gap", "SD of replicates")
    return Section("Inner and outer scores", [text, Table(columns, rows)])


def calibration_section(scores: Collected, config: MCIConfig) -> list[Section]:
    """How often people convert against what posteriors said, of the main harmonisation."""
    form, harmonisation = config.forms[0], config.harmonisations[0]
    found = scores.calibration
    chosen = config.classifiers[:N_CALIBRATED]
    mine = found[(found["split"] == form) & (found["harmonisation"] == harmonisation)
                 & found["classifier"].isin(chosen)]  # fmt: skip
    if mine.empty:
        return []
    lines = mine.rename(columns={"posterior": "x", "observed": "y", "classifier": "line"})
    ideal = pd.DataFrame({"line": "calibrated", "x": [0.0, 1.0], "y": [0.0, 1.0]})
    case = config.groups[1]
    figure = line_figure(
        pd.concat([lines[["line", "x", "y"]], ideal]), xlabel=f"posterior of {case}",
        ylabel=f"share of {case}", name="calibration", dashed=("calibrated",),
    )  # fmt: skip
    rows = [
        (row.classifier, f3(row.posterior), f3(row.observed), interval(row.ci_low, row.ci_high),
         row.n)
        for row in mine.itertuples()
    ]  # fmt: skip
    columns = ("classifier", "mean posterior", f"share of {case}", "95 % interval", "people")
    text = (
        f"{form}, {harmonisation}. A person has the mean posterior over the replicates that tested "
        "them and weighs as many; bins of equal weight, intervals by Wilson for the effective "
        "number of people. SVMs: a sigmoid fitted on inner held-out scores."
    )
    table = Table(columns, rows, "Every bin with its interval", folded=True)
    return [Section("Calibration", [text, figure, table])]


def null_section(scores: Collected, config: MCIConfig) -> list[Section]:
    """Noise and shuffled groups, with the selection in folds and, leaking, before them."""
    part = scores.part(NULL)
    if part.empty:
        return []
    rows, words = [], []
    for _, row in part.iterrows():
        order, leaky = str(row["model"]).partition(", ")[2], bool(row["leaks"])
        rows.append((row["data"], order, _cell(row), f3(row["sd"]), row["n"],
                     LEAK if leaky else "none"))  # fmt: skip
        if not leaky and not row["ci_low"] <= row["chance"] <= row["ci_high"]:
            words.append(
                f"{row['model']}: chance lies outside the interval of {row['n']} draws, as it does "
                "in 1 of 20 such tests; run more draws before trusting this."
            )
    asked = config.null_test
    text = (
        f"{asked.n_people} people and {asked.n_measures} measures of noise, and the people of this "
        f"run with their groups shuffled; the best {asked.preset_features} measures by "
        f"{asked.ranking}, Gaussian naive Bayes, {asked.outer_folds} folds. Ranked inside the "
        "folds this must score at chance; ranked on everybody before the folds it does not: that "
        "order is here to show what it gains, and is used nowhere else."
    )
    columns = ("data", "order", "mean AROC, 95 % interval",
               "SD of draws", "draws", "declared leak")  # fmt: skip
    return [Section("Null test", [text, *words, Table(columns, rows)])]


def sites_section(scores: Collected, study: Study) -> list[Section]:
    """The main model at each site that was left out; nothing without that form."""
    config = study.config
    if "sites" not in config.forms:
        return []
    main = main_model(config)
    folds = scores.folds[(scores.folds["split"] == "sites") & (scores.folds["model"] == main)]
    names = sorted(study.cohort["site"].astype(str).unique())
    counts = study.cohort.assign(site=study.cohort["site"].astype(str))
    rows = []
    for _, row in folds.iterrows():
        site = names[int(row["fold"])]
        cases = int(counts.loc[counts["site"] == site, "group"].sum())
        controls, aroc = int(row["n_test"]) - cases, float(row["roc_auc"])
        reach = interval(*aroc_interval(aroc, controls, cases)) if cases * controls else "-"
        rows.append((site, row["n_test"], cases, f3(aroc), reach, f3(row["balanced_accuracy"]),
                     f3(row["mcc_prime"])))  # fmt: skip
    columns = ("site", "people", config.groups[1], "AROC", "95 % interval", "balanced accuracy",
               "MCC'")  # fmt: skip
    text = (
        f"{main}, each site by a model that saw no one of it. A new site has no term of its own: "
        "it is harmonised as an average one. A dash: the site has a single group. Intervals are "
        "from the numbers of people (Hanley and McNeil 1982)."
    )
    return [Section("Sites", [text, Table(columns, rows)])]


def models_section(config: MCIConfig) -> Section:
    """Classifiers with presets and ranges, the threshold, and the baselines."""
    search = config.search
    table = classifier_table()
    used = table[table["classifier"].isin(config.classifiers)]
    rule = (
        "posterior above 1/2; SVMs: decision value above 0"
        if search.threshold == "posterior"
        else "as many as there are in training, by the quantile of inner held-out scores"
    )
    tried = "the preset alone" if search.method == "preset" else (
        f"the preset and {search.candidates - 1} settings by a {search.method} search"
    )  # fmt: skip
    site = ", site" if search.site_term else ""
    text = (
        f"Per replicate {search.outer_folds} outer and {search.inner_folds} inner folds, "
        f"{search.replicates} replicates; tried: {tried}; {search.n_features[0]} to "
        f"{search.n_features[1]} measures by {', '.join(search.rankings)}. Who is called "
        f"{config.groups[1]}: {rule}. Harmonisation: polynomial of degree {search.degree} in "
        f"{', '.join(search.covariates)}{site}, fitted on {search.fit_on} of the training part; "
        "residual: what is left; z-score: that over the SD of the controls, "
        f"{SPREADS[search.spread]}. Everything is learned in training parts."
    )
    rows = [(row.classifier, row.preset, row.search) for row in used.itertuples()]
    words = {"age-sex-eTIV": "logistic regression on age, sex, eTIV",
             "hippocampus": "logistic regression on the volumes of the hippocampus",
             "all control": f"nobody is {config.groups[1]}"}  # fmt: skip
    known = [(name, words[name]) for name in config.baselines]
    blocks: list[Block] = [text, Table(("classifier", "preset", "searched"), rows)]
    if known:
        blocks.append(Table(("baseline", "what it is"), known))
    return Section("Models", blocks)


def baselines_section(scores: Collected, config: MCIConfig) -> list[Section]:
    """What the main model adds to each baseline, in every form."""
    rows: list[tuple[str, ...]] = []
    main = main_model(config)
    for form in config.forms:
        names = _baseline_models(scores, form, config.baselines)
        table = scores.compared(form, main, names)
        for row in table.itertuples():
            score = scores.row(form, str(row.model))
            assert score is not None
            rows.append((form, str(row.model), _cell(score), f"{row.difference:+.3f}",
                         interval(row.ci_low, row.ci_high, signed=True),
                         p_text(row.p).removeprefix("= ")))  # fmt: skip
    if not rows:
        return []
    text = (
        f"AROC of models that know little, by the same folds, and what {main} adds. Groups may "
        "differ in age: what age, sex and head size alone say is no finding about regions."
    )
    columns = ("form", "baseline", "AROC", f"{main} minus it", "95 %, wider", "p")
    return [Section("Baselines", [text, Table(columns, rows)])]


def _baseline_models(scores: Collected, form: str, baselines: Sequence[str]) -> list[str]:
    part = scores.part(form)
    return [str(name) for name in part.loc[part["classifier"].isin(baselines), "model"]]
