"""What is drawn of a network's inside is what the tables say."""

from __future__ import annotations

import dataclasses

import mne
import numpy as np
import pytest

from neurodecode.emotion.interpreted import interpret
from neurodecode.emotion.level_paths import Crossing
from neurodecode.emotion.sections_interpreted import (
    embedding_section,
    importance_section,
    interpreted_sections,
    maps_section,
    trace_section,
)
from neurodecode.report import bands, planes, scalp, shares
from neurodecode.report.figures import to_svg
from neurodecode.report.model import Figure, Table

LEVELS = np.repeat(np.arange(5), 6)
BOTH = ("before calibration", "after calibration")


@pytest.fixture
def inside(network, windows):
    """Return a maker of interpretations of networks drawn from a seed."""

    def make(seed=0, name="HiSTN G0", **options):
        return interpret(network(name, seed=seed, **options), windows(30), LEVELS)

    return make


@pytest.fixture
def drawn(monkeypatch):
    """Return the canvases by the name of their figure, as they are drawn."""
    canvases = {}

    def keep(canvas, name):
        canvases[name] = canvas
        return to_svg(canvas, name)

    for module in (bands, planes, scalp, shares):
        monkeypatch.setattr(module, "to_svg", keep)
    return canvases


def figure_of(section):
    (figure,) = [block for block in section.blocks if isinstance(block, Figure)]
    return figure


def test_all_sections_are_there_and_each_figure_has_its_text(inside):
    sections = interpreted_sections({"here": inside()}, rating="valence")
    titles = ["Regions", "Scalp", "Order of the levels", "Global node"]
    assert [section.title for section in sections] == titles
    for section in sections:
        figure = figure_of(section)
        assert figure.svg.startswith("<svg")
        assert len(figure.alt) > 50
        assert len(figure.svg) < 250_000


def test_bars_are_the_weights_of_both_with_what_no_preference_gives(inside, drawn):
    found = {title: inside(seed) for seed, title in enumerate(BOTH)}
    (section,) = importance_section(found)
    for axes, column in zip(drawn["regions"].axes, ("weight", "weight_passed"), strict=True):
        widths = [[bar.get_width() for bar in bars] for bars in axes.containers[1::2]]
        expected = [each.regions[column] for each in found.values()]
        np.testing.assert_allclose(widths, expected)
        assert axes.lines[-1].get_xdata()[0] == 0.25
    labels = [text.get_text() for text in drawn["regions"].axes[0].get_yticklabels()]
    assert labels == list(found[BOTH[0]].regions["region"])
    table = next(block for block in section.blocks if isinstance(block, Table))
    assert len(table.rows) == 2 * 14
    assert table.rows[0][3] == f"{found[BOTH[0]].channels['weight'][0]:.3f}"


def test_maps_are_the_values_of_electrodes_and_of_their_regions(inside, monkeypatch):
    found = {title: inside(seed) for seed, title in enumerate(BOTH)}
    calls, whole = [], mne.viz.plot_topomap

    def noted(values, info, **options):
        calls.append((values, info.ch_names, options["vlim"]))
        return whole(values, info, **options)

    monkeypatch.setattr(mne.viz, "plot_topomap", noted)
    maps_section(found)
    assert len(calls) == 8
    first, second = found.values()
    np.testing.assert_array_equal(calls[0][0], first.channels["mean"])
    np.testing.assert_array_equal(calls[1][0], second.channels["mean"])
    by_region = dict(zip(second.regions["region"], second.regions["spread"], strict=True))
    np.testing.assert_array_equal(calls[7][0], second.channels["region"].map(by_region))
    assert calls[0][1] == list(first.channels["channel"])
    assert calls[0][2] == calls[1][2]  # one scale for both, so that they can be compared
    values = np.concatenate([first.channels["mean"], second.channels["mean"]])
    assert calls[0][2] == (values.min(), values.max())


def test_the_path_joins_the_means_of_what_is_shown(inside, drawn):
    each = inside().embedding
    (section,) = embedding_section({"smoothed": each, "one-hot": inside(1).embedding}, lowest=1)
    axes = drawn["plane"].axes[0]
    points, *means = axes.collections
    held = each.points[each.points["part"] == "held out"]
    np.testing.assert_allclose(points.get_offsets(), held[["x", "y"]])
    np.testing.assert_allclose([m.get_offsets()[0] for m in means], each.path.centroids)
    caption = figure_of(section).caption
    assert f"smoothed: order {each.path.order:.3f}" in caption
    assert "one-hot: order" in caption
    table = section.blocks[-1]
    assert [row[0] for row in table.rows] == ["smoothed", "one-hot"]
    assert table.rows[0][5] == len(held)


def test_crossing_pieces_are_named_by_the_ratings_that_they_join(inside):
    each = inside().embedding
    crossed = dataclasses.replace(each.path, crossings=(Crossing(0, 3),))
    (section,) = embedding_section({"a": dataclasses.replace(each, path=crossed)}, lowest=1)
    assert section.blocks[-1].rows[0][3] == "1-2 with 4-5"
    assert "1 crossing." in figure_of(section).caption


def test_the_trace_and_its_band_are_those_of_the_table(inside, drawn):
    each = inside()
    trace_section({"here": each})
    (axes,) = drawn["trace"].axes
    np.testing.assert_array_equal(axes.lines[0].get_xdata(), each.trace["time"])
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), each.trace["mean"])
    (band,) = axes.collections
    assert band.get_datalim(axes.transData).ymin == pytest.approx(each.trace["low"].min())


def test_a_network_without_hierarchy_has_maps_of_electrodes_and_a_path_alone(inside, drawn):
    sections = interpreted_sections({"flat": inside(name="flat")})
    assert [section.title for section in sections] == ["Scalp", "Order of the levels"]
    assert len([axes for axes in drawn["scalp"].axes if axes.images]) == 2


def test_weights_of_electrodes_are_left_out_where_there_are_none(inside):
    (section,) = importance_section({"here": inside(fusion="sepconv")})
    assert not [block for block in section.blocks if isinstance(block, Table)]


def test_given_positions_are_used_and_missing_ones_are_said(inside, drawn):
    each = inside()
    names, rng = each.channels["channel"], np.random.default_rng(0)
    plane = {name: rng.uniform(-1, 1, 2) for name in names}
    maps_section({"here": each}, plane)
    assert drawn["scalp"].axes[0].images
    (section,) = maps_section({"here": each}, dict(list(plane.items())[1:]))
    assert section.blocks == ["No maps: no position of AF3."]


def test_electrodes_on_one_circle_are_drawn_as_dots(inside, drawn):
    each = inside()
    angles = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    ring = dict(zip(each.channels["channel"], np.c_[np.cos(angles), np.sin(angles)], strict=True))
    maps_section({"here": each}, ring)
    axes = drawn["scalp"].axes[0]
    assert not axes.images
    np.testing.assert_array_equal(axes.collections[0].get_array(), each.channels["mean"])


def test_an_unnamed_site_of_the_standard_montage_is_said(inside):
    each = inside()
    odd = each.channels.assign(channel=["E1", *each.channels["channel"][1:]])
    (section,) = maps_section({"here": dataclasses.replace(each, channels=odd)})
    assert "E1" in section.blocks[0]
