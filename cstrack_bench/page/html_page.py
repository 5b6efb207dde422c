"""The page: summary, claims, tables, figures and pictures in one HTML file."""

import collections.abc as abc
from dataclasses import dataclass
from importlib import resources

from cstrack_bench.experiments.comparison_records import LadderRecord
from cstrack_bench.page.forest_plot import forest_plots
from cstrack_bench.page.html_nodes import (
    Node,
    bullet_list,
    document,
    inline,
    json_script,
    node,
    raw,
)
from cstrack_bench.page.page_provenance import PageProvenance
from cstrack_bench.page.page_tables import table_anchor, table_section
from cstrack_bench.page.record_figures import (
    eta_figures,
    ladder_figures,
    speed_figures,
)
from cstrack_bench.page.training_figures import (
    last_losses,
    training_figures,
    weight_figure,
    without_curves,
)
from cstrack_bench.report.profile_page import PROFILES
from cstrack_bench.report.results_page import caveats
from cstrack_bench.report.rows import Table
from cstrack_bench.report.verdict_summary import sentences, worlds

# Nothing may be fetched: what is not in the page is not there.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "img-src data:; base-uri 'none'; form-action 'none'"
)


@dataclass(frozen=True)
class PictureSection:
    """A section of pictures of a tracked sequence.

    Attributes:
        anchor: its name in links.
        title: its heading.
        content: its elements.
    """

    anchor: str
    title: str
    content: abc.Sequence[Node]


def html_page(
    tables: abc.Sequence[Table],
    ladders: abc.Sequence[LadderRecord] = (),
    pictures: abc.Sequence[PictureSection] = (),
) -> str:
    """The whole page.

    Args:
        tables: every table with runs.
        ladders: what each stage costs.
        pictures: sections that need a network and a sequence.
    """
    provenance = PageProvenance()
    sections = [
        _section("claims", "Claims: print beside ours", _claims(tables)),
        *_profiles(tables, provenance),
        _section("training", "Training", _training(tables)),
        _section("eta", "η: how much the identity loss counts", _etas(tables)),
        _section("ladder", "Ladder: what each stage costs", _ladders(ladders)),
        _section("speed", "Speed by stage", speed_figures(tables)),
        *(_section(one.anchor, one.title, one.content) for one in pictures),
    ]
    shown = [section for section in sections if section is not None]
    page = node(
        "html",
        node(
            "head",
            node("meta", charset="utf-8"),
            node("meta", http_equiv="Content-Security-Policy", content=_POLICY),
            node(
                "meta", name="viewport", content="width=device-width, initial-scale=1"
            ),
            node("title", "CSTrack: print beside ours"),
            node("link", rel="icon", href="data:,"),
            raw("style", _own_file("page.css")),
        ),
        node(
            "body",
            node("h1", "CSTrack: the paper's numbers beside ours"),
            node("section", *_summary(tables), id="summary"),
            _contents(shown),
            *(section for section, _ in shown),
            _made_from(tables),
            node(
                "dialog",
                node("button", "close", type="button"),
                node("div"),
                id="why",
                aria_label="where a number comes from",
            ),
            json_script("provenance", provenance.document()),
            raw("script", _own_file("page.js")),
        ),
        lang="en",
    )
    return document(page)


def _own_file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _section(
    anchor: str, title: str, content: abc.Sequence[Node]
) -> tuple[Node, list[tuple[str, str]]] | None:
    """A section with its links; None where it has nothing to show."""
    if not content:
        return None
    figures = [one for one in content if one.tag == "figure"]
    others = [one for one in content if one.tag != "figure"]
    grid = node("div", *figures, class_="figures") if figures else None
    found = node("section", node("h2", title), *others, grid, id=anchor)
    return found, [(anchor, title)]


def _contents(sections: abc.Iterable[tuple[Node, list[tuple[str, str]]]]) -> Node:
    links = [link for _, own in sections for link in own]
    return node(
        "nav",
        node(
            "ul",
            *(
                node("li", node("a", title, href=f"#{anchor}"))
                for anchor, title in links
            ),
        ),
        aria_label="contents",
    )


def _summary(tables: abc.Sequence[Table]) -> list[Node]:
    return [
        bullet_list(sentences(tables)),
        node("h2", "What to know"),
        bullet_list(caveats(tables, worlds(tables))),
    ]


def _claims(tables: abc.Sequence[Table]) -> list[Node]:
    return [
        plot
        for profile, own in worlds(tables).items()
        for plot in forest_plots(profile, own)
    ]


def _profiles(
    tables: abc.Sequence[Table], provenance: PageProvenance
) -> abc.Iterator[tuple[Node, list[tuple[str, str]]]]:
    for profile in dict.fromkeys(table.profile for table in tables):
        own = [table for table in tables if table.profile == profile]
        title = f"Tables, profile {profile}: {PROFILES[profile]}"
        links = node(
            "ul",
            *(
                node(
                    "li",
                    node(
                        "a",
                        f"Table {table.paper.number}",
                        " custom" if table.custom else None,
                        href=f"#{table_anchor(table)}",
                    ),
                )
                for table in own
            ),
        )
        inner = [table_section(table, provenance) for table in own]
        anchor = f"tables-{profile}"
        told = (
            "In each cell print is above in grey, ours below with half of its 95 % "
            "interval over seeds. A number or a verdict opens where it comes from."
        )
        note = node("p", told, class_="note")
        section = node("section", node("h2", title), note, node("nav", links), *inner)
        section.set("id", anchor)
        yield section, [(anchor, f"tables of {profile}")]


def _training(tables: abc.Sequence[Table]) -> list[Node]:
    found: list[Node] = []
    for profile, own in worlds(tables).items():
        weights = [
            weight_figure(table, row)
            for table in own
            if table.paper.relation_weights
            for row in table.rows
        ]
        found += [one for one in weights if one is not None]
        found += training_figures(profile, own)
        missing = without_curves(profile, own)
        if missing:
            bars = last_losses(profile, own)
            found += [node("p", *inline(missing), class_="note")]
            found += [bars] if bars is not None else []
    return found


def _etas(tables: abc.Sequence[Table]) -> list[Node]:
    own = [table for table in tables if table.paper.name == "table5"]
    return [plot for table in own if table.records for plot in eta_figures(table)]


def _ladders(ladders: abc.Iterable[LadderRecord]) -> list[Node]:
    return [plot for record in ladders for plot in ladder_figures(record)]


def _made_from(tables: abc.Sequence[Table]) -> Node:
    records = [record for table in tables for record in table.records]
    runs = {record.run.hash for record in records}
    newest = max((r.provenance.time for r in records), default="")
    when = f", the newest measured at {newest}" if newest else ""
    text = (
        f"Made by `cstrack report --html` from the records of {len(runs)} runs{when}. "
        "Each number opens its runs: settings, data, weights, component versions, "
        "machine, and the numbers by sequence. The same by `cstrack why` on the "
        "command line."
    )
    return node("footer", bullet_list([text]), class_="note")
