"""The documentation: it builds, links and commands lead somewhere, its example runs."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import docs_hooks
import pytest

import cstrack_bench
from tests.conftest import MakeSequence

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
PAGES = sorted((ROOT / "docs").glob("*.md"))
CITING = ("cstrack_bench", "recipes", "scripts", "tests", "docs/examples")
SUFFIXES = {".py", ".yaml", ".yml", ".csv", ".sh", ".md"}


class Page(HTMLParser):
    """Anchors of a page, and what it fetches when it is opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value for name, value in attrs if value}
        self.anchors |= {found[name] for name in ("id", "name") if name in found}
        if tag in ("img", "script", "iframe", "source") and "src" in found:
            self.fetched.append(found["src"])
        if tag == "link" and found.get("rel") in ("stylesheet", "preconnect"):
            self.fetched.append(found.get("href", ""))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Page]:
    """Name of each page (``reference``) -> what is on it; built with --strict."""
    folder = tmp_path_factory.mktemp("docs") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    done = subprocess.run(
        [*command, "--site-dir", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    pages = {
        page.stem: folder / ("" if page.stem == "index" else page.stem) / "index.html"
        for page in PAGES
    }
    return {
        name: Page(path.read_text(encoding="utf-8")) for name, path in pages.items()
    }


def citations() -> Iterator[tuple[Path, str, str]]:
    """Each page of the documentation that a file names: file, page, anchor."""
    inside = [path for folder in CITING for path in (ROOT / folder).rglob("*")]
    for path in (*inside, *ROOT.glob("*.md")):
        if path.suffix in SUFFIXES and path.is_file():
            text = path.read_text(encoding="utf-8")
            for page, anchor in re.findall(r"docs/([\w-]+)\.md(?:#([\w.-]+))?", text):
                yield path.relative_to(ROOT), page, anchor.rstrip(".")


def test_every_citation_of_a_page_resolves(site: dict[str, Page]) -> None:
    found = list(citations())
    assert any(page == "reference" and anchor for _, page, anchor in found)
    lost = [
        f"{path}: docs/{page}.md#{anchor}"
        for path, page, anchor in found
        if page not in site or (anchor and anchor not in site[page].anchors)
    ]
    assert lost == []


def test_links_of_the_readme_resolve() -> None:
    text = README.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert len(links) > 5
    assert [link for link in links if not (ROOT / link).is_file()] == []


def test_no_page_fetches_anything_from_another_site(site: dict[str, Page]) -> None:
    for name, page in site.items():
        assert page.fetched, name
        away = [url for url in page.fetched if re.match(r"(\w+:)?//", url)]
        assert away == [], name
    for picture in (ROOT / "docs" / "pictures").glob("*.svg"):
        text = picture.read_text(encoding="utf-8")
        assert not re.search(r"@font-face|@import|href=|url\((?!#)", text), picture.name


def commands(path: Path) -> Iterator[str]:
    """Every call of ``cstrack`` in a page: lines of fenced blocks, and inline code."""
    text = path.read_text(encoding="utf-8")
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```", text, re.M | re.S):
        for line in block.replace("\\\n", " ").splitlines():
            call = re.match(
                r"(?:\$ )?(?:\S*/)?(?:cstrack|torchrun .* -m cstrack_bench) (.+)", line
            )
            if call and language in ("", "bash", "console"):
                yield call[1]
    prose = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    yield from re.findall(r"`cstrack ([a-z][^`]*)`", prose)


@pytest.mark.parametrize("path", [README, *PAGES], ids=lambda path: path.name)
def test_commands_exist_with_their_options(path: Path) -> None:
    known = {
        name: {opt for parameter in verb.params for opt in parameter.opts}
        for name, verb in docs_hooks.commands()
    }
    for command in commands(path):
        words = shlex.split(command, comments=True)
        verb = words[0] if words[0] in known else " ".join(words[:2])
        assert verb in known, f"{path.name}: cstrack {command}"
        options = {word.partition("=")[0] for word in words if word.startswith("-")}
        assert options <= known[verb] | {"--help"}, f"{path.name}: cstrack {command}"


def test_commands_are_found_where_they_are() -> None:
    assert len(list(commands(README))) >= 6
    assert len(list(commands(ROOT / "docs" / "reproduce.md"))) >= 10


@pytest.mark.parametrize("path", [README, *PAGES], ids=lambda path: path.name)
def test_scripts_that_are_named_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    named = set(re.findall(r"\bscripts/[\w/]+\.(?:py|sh)\b", text))
    assert {name for name in named if not (ROOT / name).is_file()} == set()


def test_the_page_of_the_command_line_has_every_verb_and_option(
    site: dict[str, Page],
) -> None:
    names = [name for name, _ in docs_hooks.commands()]
    assert {name.replace(" ", "-") for name in names} <= site["cli"].anchors
    text = docs_hooks.verbs_markdown()
    for name, verb in docs_hooks.commands():
        section = text.split(f"## cstrack {name} {{")[1].split("\n## ")[0]
        for parameter in verb.params:
            if parameter.param_type_name == "option" and not parameter.hidden:
                assert f"`{parameter.opts[0]}`" in section, f"{name} {parameter.name}"


def test_the_page_of_the_api_has_every_exported_name(site: dict[str, Page]) -> None:
    shown = {anchor.rpartition(".")[2] for anchor in site["api"].anchors}
    assert set(cstrack_bench.__all__) - {"__version__"} <= shown


def test_the_example_of_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_sequence: MakeSequence
) -> None:
    text = README.read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)
    make_sequence(tmp_path, "clip", [(frame, 1, 1) for frame in range(1, 5)])
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "README.md", "exec"), {"__name__": "example"})
    rows = (tmp_path / "clip.txt").read_text(encoding="utf-8").splitlines()
    assert [row.split(",")[:2] for row in rows] == [[f"{n}", "1"] for n in range(1, 5)]


def test_the_layout_has_every_folder_of_the_package() -> None:
    package = Path(cstrack_bench.__file__).parent
    folders = {path.parent.name for path in package.glob("*/__init__.py")}
    listed = docs_hooks.folders_markdown()
    assert {name for name in folders if f"| `{name}/` | " not in listed} == set()
