"""The page in a browser: nothing is fetched, nothing overflows, figures have data."""

import collections.abc as abc
from pathlib import Path

import numpy as np
import pytest

from cstrack_bench.datasets.evaluation_rules import MOT17
from cstrack_bench.evaluation.failures import Failure, FailureKind
from cstrack_bench.experiments.comparison_records import (
    LadderRecord,
    LadderRow,
    LadderSystem,
)
from cstrack_bench.experiments.records import RunRecord
from cstrack_bench.formats.sequences import Sequence, open_sequence
from cstrack_bench.page.failure_gallery import chosen_failures
from cstrack_bench.page.html_page import html_page
from cstrack_bench.page.picture_sections import ShownNetwork, picture_sections
from cstrack_bench.paper.claims import load_table
from cstrack_bench.report.rows import Table
from cstrack_bench.report.tables import table_from
from cstrack_bench.structures import Detections, Frame
from cstrack_bench.synthmot.generate import SynthConfig, SynthSpec, make_synthmot
from tests.report.chromium import Browser, chromium
from tests.report.fakes import changed, fake_record

HOSTILE = "</script><img src=https://example.invalid/x onerror='window.hacked=1'>"
PRINTED_WIDTH = 718  # pixels of A4 less the page's margins
# Elements that reach beyond the window, but for what scrolls within the page.
BEYOND = """[...document.querySelectorAll("body *")]
  .filter((e) => !e.closest(".scroll") && !e.closest("svg") && !e.closest("dialog"))
  .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
  .map((e) => `${e.tagName}.${e.className}: ${e.textContent.slice(0, 40)}`)"""
# The same where nothing can scroll.
BEYOND_PAPER = BEYOND.replace('!e.closest(".scroll") && ', "")
# Figures without a mark of data, or with a picture that is none.
EMPTY = """[...document.querySelectorAll("figure")].filter((f) => {
  const pictures = [...f.querySelectorAll("img")];
  const marks = [...f.querySelectorAll("circle, rect, polyline")].filter((e) => {
    const box = e.getBoundingClientRect();
    return Math.max(box.width, box.height) > 0.5;
  });
  return pictures.some((i) => i.naturalWidth < 2) || !(pictures.length + marks.length);
}).map((f) => f.textContent.slice(0, 60))"""
# Letters of charts that leave them.
CUT = """[...document.querySelectorAll("svg.chart text")].filter((t) => {
  const own = t.getBoundingClientRect(), all = t.closest("svg").getBoundingClientRect();
  return own.left < all.left - 1 || own.right > all.right + 1 ||
    own.top < all.top - 1 || own.bottom > all.bottom + 1;
}).map((t) => t.textContent)"""


def learned(record: RunRecord, epochs: int = 3) -> RunRecord:
    """A run whose training curve is known."""
    curve = [
        {
            "epoch": epoch,
            "loss": {"box": 1 / epoch, "objectness": 2 / epoch, "identity": 3 / epoch}
            if epoch
            else {},
            "relation_weights": [[0.5 - 0.1 * epoch, 0.5 - 0.05 * epoch]] * 3,
        }
        for epoch in range(epochs + 1)
    ]
    return changed(record, training__curve=curve)


def test_the_gallery_shows_every_kind() -> None:
    def failures(kind: FailureKind, count: int, points: float) -> list[Failure]:
        return [
            Failure(kind, "SYN-01", k, 0, 5, 5, 1, 2, points - k / 100)
            for k in range(count)
        ]

    missed = failures(FailureKind.MISSED, 20, 9.0)
    switches = failures(FailureKind.SWITCH, 4, 5.0)
    ranked = [*missed, *switches]
    # Six of each kind at most, then the dearest of what is left, by rank.
    assert chosen_failures(ranked) == [*missed[:8], *switches]
    assert chosen_failures(missed) == missed[:12]
    assert chosen_failures([]) == []


def fake_tables() -> list[Table]:
    """Tables with several seeds, with one, with nothing, and with hostile words."""
    second = [fake_record(row, seed) for row in range(1, 7) for seed in range(3)]
    second = [
        learned(one) if one.model.relation_weights is not None else one
        for one in second
    ]
    evil = changed(
        fake_record(2, table="table6"),
        run__name=HOSTILE,
        recipe={"size": "n", HOSTILE: HOSTILE},
        provenance__cpu=HOSTILE,
    )
    records = {
        "table1": [fake_record(row, table="table1") for row in (1, 2, 5)],
        "table2": second,
        "table5": [fake_record(row, table="table5") for row in range(1, 11)],
        "table6": [changed(evil, run__row=row) for row in (13, 15, 16)],
    }
    return [table_from(found, load_table(name)) for name, found in records.items()]


def fake_ladder() -> LadderRecord:
    run = fake_record(1, table="table8")
    scores = {"MOTA": 60.0, "IDF1": 55.0, "HOTA": 50.0}
    parts = {"detection": 25.0, "embedding": 5.0, "association": -2.0}
    row = LadderRow(
        boxes="own",
        embeddings="own",
        association="own",
        scores=scores,
        differences=dict.fromkeys(scores, 0.0),
    )
    system = LadderSystem(
        row=3,
        name="CSTrack",
        seed=0,
        run="fake",
        boxes_of="CSTrack",
        rows=[row],
        costs={part: dict.fromkeys(scores, lost) for part, lost in parts.items()},
    )
    return LadderRecord(
        table="table8",
        profile="twin",
        label="twin",
        data=run.data,
        systems=[system],
        provenance=run.provenance,
    )


class PlantedFinder:
    """True boxes with planted gaps, and embeddings as clear as asked for."""

    def __init__(self, sequence: Sequence, noise: float) -> None:
        annotations = sequence.annotations()
        assert annotations is not None
        self.people = annotations.pedestrians()
        self.noise = noise

    def detect(self, frame: Frame) -> Detections:
        mine = (self.people.frames == frame.index) & (self.people.visibility > 0.3)
        # One in five is not found for some frames, and one is given away.
        mine &= (self.people.ids + frame.index // 4) % 5 != 0
        boxes = self.people.boxes[mine].astype(np.float32)
        scores = np.full(len(boxes), 0.9, np.float32)
        return Detections(boxes, scores, self.embed(frame, boxes))

    def embed(self, frame: Frame, boxes: np.ndarray) -> np.ndarray:
        mine = self.people.frames == frame.index
        near = np.abs(self.people.boxes[mine][None] - boxes[:, None]).sum(axis=2)
        ids = self.people.ids[mine][near.argmin(axis=1)]
        # Two people share their clothes.
        own = [np.random.default_rng(max(2, i)).normal(size=24) for i in ids.tolist()]
        random = np.random.default_rng(frame.index)
        vectors = np.array(own).reshape(-1, 24) + self.noise * random.normal(
            size=(len(ids), 24)
        )
        return vectors.astype(np.float32)


@pytest.fixture(scope="module")
def synthmot(tmp_path_factory: pytest.TempPathFactory) -> Sequence:
    config = SynthConfig(width=320, height=192, frames=24, people=7)
    spec = SynthSpec(config, 0, 0, 1, seed=3)
    folder = make_synthmot(tmp_path_factory.mktemp("world"), spec, processes=1)
    return open_sequence(next((folder / "test").iterdir()))


@pytest.fixture(scope="module")
def page(synthmot: Sequence, tmp_path_factory: pytest.TempPathFactory) -> Path:
    networks = [
        ShownNetwork("CSTrack", PlantedFinder(synthmot, 0.3)),
        ShownNetwork("JDE-style head", PlantedFinder(synthmot, 2.5)),
    ]
    pictures = picture_sections(networks, [synthmot], MOT17, "cstrack")
    assert "CSTrack is the sharper one" in pictures.lines[1]
    path = tmp_path_factory.mktemp("page") / "page.html"
    text = html_page(fake_tables(), [fake_ladder()], pictures.sections)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> abc.Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_is_whole(
    page: Path, browser: Browser, width: int, dark: bool
) -> None:
    browser.show(page, width, dark)
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    assert browser.evaluate(BEYOND) == []
    assert browser.evaluate(CUT) == []
    assert browser.evaluate(EMPTY) == []
    background = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") is not dark
    assert browser.evaluate("window.hacked") is None
    assert browser.problems(page) == []


def test_every_section_and_figure_is_there(page: Path, browser: Browser) -> None:
    browser.show(page, 1440, dark=False)
    titles = browser.evaluate(
        "[...document.querySelectorAll('h2')].map((e) => e.textContent)"
    )
    assert titles[0] == "What to know"
    for part in ("Claims", "Tables", "Training", "η", "Ladder", "Speed", "Fig. 6"):
        assert any(part in title for title in titles), part
    assert any("Figs. 7 and 8" in title for title in titles)
    assert any("Fig. 9" in title for title in titles)
    captions = " ".join(
        browser.evaluate(
            "[...document.querySelectorAll('figcaption')].map((e) => e.textContent)"
        )
    )
    for part in (
        "Points of MOTA",
        "λ over training",
        "Loss over training",
        "η against",
    ):
        assert part in captions, part
    assert browser.evaluate("document.querySelectorAll('.failure').length") > 3
    assert browser.evaluate("document.querySelectorAll('.failure table').length") > 0
    # Fig. 6: five panels of each of two networks.
    assert browser.evaluate("document.querySelectorAll('.panels img').length") == 10


def test_the_summary_comes_first(page: Path, browser: Browser) -> None:
    browser.show(page, 390, dark=False)
    first = browser.evaluate("document.querySelector('section').textContent")
    assert first.startswith("The text of the paper argues from 47 pairs")


def test_a_table_sorts_and_filters(page: Path, browser: Browser) -> None:
    browser.show(page, 1440, dark=False)
    script = """(() => {
      const table = document.querySelector("#twin-twin-table2 table.sortable");
      const heads = [...table.tHead.rows[0].cells];
      const column = heads.findIndex((h) => h.textContent.startsWith("MOTA"));
      const read = () => [...table.tBodies[0].rows].map(
        (row) => Number(row.cells[column].dataset.value));
      const before = read();
      heads[column].querySelector("button").click();
      const up = read(), sorted = heads[column].getAttribute("aria-sort");
      heads[column].querySelector("button").click();
      const box = table.closest("div").parentElement.querySelector(".filter");
      box.value = "λ learned";
      box.dispatchEvent(new Event("input"));
      const shown = [...table.tBodies[0].rows].filter((row) => !row.hidden).length;
      return { before, up, down: read(), sorted, shown };
    })()"""
    found = browser.evaluate(script)
    assert found["up"] == sorted(found["before"]) != found["before"]
    assert found["down"] == found["up"][::-1]
    assert (found["sorted"], found["shown"]) == ("ascending", 1)


def test_a_cell_and_a_verdict_open_where_they_come_from(
    page: Path, browser: Browser
) -> None:
    browser.show(page, 390, dark=True)
    opened = """(() => {
      const dialog = document.getElementById("why");
      document.querySelector(`SELECTOR`).click();
      const found = [dialog.open, dialog.textContent,
        dialog.getBoundingClientRect().right <= innerWidth,
        dialog.scrollWidth <= dialog.clientWidth + 1];
      dialog.querySelector("button").click();
      return [...found, dialog.open];
    })()"""
    cell = '#twin-twin-table2 [data-metric="IDF1"]'
    shown, text, inside, fits, after = browser.evaluate(
        opened.replace("SELECTOR", cell)
    )
    assert shown
    assert inside
    assert fits
    assert not after
    for part in (
        "fake10",
        "fake-val",
        "FAKE-01",
        "IDF1 by sequence",
        "0123456789abcdef",
    ):
        assert part in text, part
    verdict = "#twin-twin-table2 .verdict"
    text = browser.evaluate(opened.replace("SELECTOR", verdict))[1]
    assert "95 % interval" in text
    assert "row ④" in text
    assert "row ⑤" in text
    hostile = "#twin-twin-table6 td [data-why$='table6/13']"
    text = browser.evaluate(opened.replace("SELECTOR", hostile))[1]
    assert HOSTILE in text
    assert browser.evaluate("window.hacked") is None
    assert browser.problems(page) == []


def test_the_page_prints(page: Path, browser: Browser, tmp_path: Path) -> None:
    browser.show(page, PRINTED_WIDTH, dark=True)
    browser.call("Emulation.setEmulatedMedia", media="print")
    assert browser.evaluate("document.documentElement.scrollWidth") <= PRINTED_WIDTH
    assert browser.evaluate(BEYOND_PAPER) == []
    white = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    assert white == "rgb(255, 255, 255)"
    browser.call("Emulation.setEmulatedMedia", media="")
    browser.pdf(tmp_path / "page.pdf")
    printed = (tmp_path / "page.pdf").read_bytes()
    assert printed.startswith(b"%PDF")
    assert printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") > 3
    assert browser.problems(page) == []


def test_a_page_without_any_run_says_so(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "empty.html"
    path.write_text(html_page([]), encoding="utf-8")
    browser.show(path, 390, dark=False)
    assert "tested are none so far" in browser.evaluate("document.body.textContent")
    assert browser.problems(path) == []
