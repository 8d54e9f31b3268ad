"""Topologies in notebooks: what is in the element, and that nothing in it acts."""

from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest
from compact_cases import cut

from sk_spectral.model.topology import Topology
from sk_spectral.model.topology_html import VERMILION, html_of, svg_of

SVG = "{http://www.w3.org/2000/svg}"
NAMES = ("<script>alert(1)</script>", "a & b", "'quoted\"", "x" * 200)


@pytest.fixture
def topology():
    topology = Topology.from_compact(cut((4, 5, 6, 2), everything=True)[2])
    shares = np.array([0.1, 0.6, 0.0, 0.3])
    return replace(topology, feature_names=NAMES, feature_importances=shares, n_pieces=(0, 3, 0, 0))


class Tags(HTMLParser):
    """What is opened and closed, and the text between."""

    def __init__(self, text):
        super().__init__()
        self.opened, self.closed, self.text, self.attributes = [], [], "", []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.opened.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_endtag(self, tag):
        self.closed.append(tag)

    def handle_data(self, data):
        self.text += data


def test_there_are_verdict_picture_and_table(topology):
    tags = Tags(html_of(topology))
    assert html_of(topology) == topology._repr_html_()
    assert {"strong", "svg", "table"} <= set(tags.opened)
    assert tags.text.startswith(f"{topology.verdict}: ")
    assert tags.text.count("hidden 1") >= 2
    assert tags.opened.count("tr") == 1 + 4


def test_names_are_text_and_nothing_acts(topology):
    tags = Tags(html_of(topology))
    assert "script" not in tags.opened
    assert not any(name.startswith("on") for name in tags.attributes)
    assert sorted(set(tags.opened) - {"br"}) == sorted(set(tags.closed))
    assert "<script>alert(1)</scr…" in tags.text
    assert "x" * 30 not in tags.text


def test_dots_are_by_importance_and_a_bent_feature_has_its_colour(topology):
    picture = ElementTree.fromstring(svg_of(topology))
    dots = picture.findall(f"{SVG}circle")
    assert len(dots) == 4 + 5 + 6 + 2
    first = [dot.find(f"{SVG}title").text for dot in dots[:4]]
    assert first == ["a & b (3 pieces)", "x" * 21 + "…", "<script>alert(1)</scr…", "'quoted\""]
    assert [dot.get("fill") == VERMILION for dot in dots[:4]] == [True, False, False, False]
    for column in (dots[:4], dots[4:9], dots[9:15]):
        assert (np.diff([float(dot.get("r")) for dot in column]) <= 0).all()
    shares = sorted(topology.unit_importances[0], reverse=True)
    assert [dot.find(f"{SVG}title").text for dot in dots[4:9]] == [
        f"{100 * share:.3g} % of the paths" for share in shares
    ]


def test_lines_are_the_blocks_as_wide_as_their_norms(topology):
    lines = ElementTree.fromstring(svg_of(topology)).findall(f"{SVG}path")
    edges = topology.edges()
    largest = max(norm for *_, norm in edges)
    assert len(lines) == len(edges)
    for line, (source, target, norm) in zip(lines, edges, strict=True):
        assert float(line.get("stroke-width")) == pytest.approx(1 + 6 * norm / largest, abs=0.051)
        assert ("C" in line.get("d")) == (target - source > 1)


def test_of_many_the_first_are_drawn_and_all_is_inside():
    topology = Topology.from_compact(cut((30, 40, 1), everything=True)[2])
    picture = ElementTree.fromstring(svg_of(topology))
    assert "and 18 more" in "".join(picture.itertext())
    assert "and 28 more" in "".join(picture.itertext())
    _, _, width, height = map(float, picture.get("viewBox").split())
    for dot in picture.findall(f"{SVG}circle"):
        assert 0 < float(dot.get("cx")) < width
        assert 0 < float(dot.get("cy")) < height


def test_a_linear_map_of_a_file_of_before_has_a_picture():
    values = Topology.from_compact(cut((3, 2))[2]).to_dict()
    for later in ("unit_importances", "feature_importances", "feature_names"):
        del values[later]
    html = Topology.from_dict(values)._repr_html_()
    assert html.count("<circle") == 3 + 2
    assert "<strong>linear</strong>" in html
