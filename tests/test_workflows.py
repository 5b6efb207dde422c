"""Workflows, issue forms, hooks and the changelog, held against the project."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from cstrack_bench.cli.app import app

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.y*ml"))
FORMS = sorted(
    path
    for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.y*ml")
    if path.stem != "config"
)
PROJECT: dict[str, Any] = tomllib.loads(
    (ROOT / "pyproject.toml").read_text(encoding="utf-8")
)["project"]

each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
each_form = pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)


def load(path: Path) -> dict[Any, Any]:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(document, dict), f"{path.name} is not a mapping"
    return document


def triggers(workflow: dict[Any, Any]) -> set[str]:
    # YAML 1.1, which PyYAML reads, takes the key `on` for the boolean.
    return set(workflow[True])


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def commands(workflow: dict[Any, Any]) -> str:
    """The shell lines of all steps, without comments."""
    lines = "\n".join(step.get("run", "") for step in steps(workflow)).splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("#"))


def verbs(workflow: dict[Any, Any]) -> set[str]:
    """What ``cstrack`` is asked to do, such as reproduce."""
    return set(re.findall(r"\bcstrack +([a-z][\w-]*)", commands(workflow)))


def known_verbs() -> set[str]:
    command = typer.main.get_command(app)
    return set(getattr(command, "commands"))  # noqa: B009  (mypy knows no group here)


def test_all_workflows_are_here() -> None:
    assert [path.stem for path in WORKFLOWS] == ["docs", "metrics", "test", "wheel"]


@each_workflow
def test_each_action_is_pinned_by_a_commit_and_names_its_version(path: Path) -> None:
    lines = re.findall(r"^[\s-]*uses:.*$", path.read_text(encoding="utf-8"), re.M)
    assert len(lines) == sum("uses" in step for step in steps(load(path)))
    for line in lines:
        assert re.search(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line)


def test_an_action_has_one_version_in_all_workflows() -> None:
    pins: dict[str, set[str]] = {}
    for path in WORKFLOWS:
        text = path.read_text(encoding="utf-8")
        for name, pin in re.findall(r"uses: (\S+)@(.+)$", text, re.M):
            pins.setdefault(name, set()).add(pin)
    assert {name: pin for name, pin in pins.items() if len(pin) > 1} == {}


@each_workflow
def test_rights_are_declared_and_small(path: Path) -> None:
    workflow = load(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]["group"]
    assert "secrets." not in path.read_text(encoding="utf-8")
    assert "pull_request_target" not in triggers(workflow)
    for name, job in workflow["jobs"].items():
        assert job["timeout-minutes"] <= 60, f"job {name}"
        if (path.stem, name) == ("docs", "deploy"):
            assert job["permissions"] == {"pages": "write", "id-token": "write"}
        else:
            assert "permissions" not in job, f"job {name}"
    for step in steps(workflow):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
        # An expression within a script is where foreign text could become a command.
        assert "${{" not in step.get("run", "")


@each_workflow
def test_what_a_workflow_runs_exists(path: Path) -> None:
    workflow = load(path)
    script = commands(workflow)
    for name in re.findall(r"\bscripts/[\w./-]+", script):
        assert (ROOT / name).is_file(), f"{name} does not exist"
    for extras in re.findall(r"-e \"?\.\[([\w,-]+)\]", script):
        for extra in extras.split(","):
            assert extra in PROJECT["optional-dependencies"], f"no extra {extra}"
    if "constraints.txt" in script:
        assert (ROOT / "constraints.txt").is_file()
    if "mkdocs" in script:
        assert (ROOT / "mkdocs.yml").is_file(), "mkdocs.yml does not exist"
    assert "cstrack" in PROJECT["scripts"]


@each_workflow
def test_a_workflow_of_a_missing_verb_is_started_by_hand_only(path: Path) -> None:
    workflow = load(path)
    missing = verbs(workflow) - known_verbs()
    if missing:
        assert path.stem == "metrics", f"{path.name} runs {missing}, which do not exist"
        assert triggers(workflow) == {"workflow_dispatch"}


def test_the_gate_of_metrics_runs_check() -> None:
    """Each change against its base, and main against itself: one step an event."""
    workflow = load(ROOT / ".github/workflows/metrics.yml")
    assert {"push", "pull_request"} <= triggers(workflow)
    called = {
        step["run"]: step["if"]
        for step in steps(workflow)
        if step.get("run", "").startswith("cstrack ")
    }
    assert called == {
        "cstrack check --against base/results/ --format github": (
            "github.event_name == 'pull_request'"
        ),
        "cstrack check --against results/ --format github": (
            "github.event_name != 'pull_request'"
        ),
    }
    base = next(s for s in steps(workflow) if "path" in s.get("with", {}))
    assert base["with"]["path"] == "base"
    assert base["with"]["sparse-checkout"] == "results"


def test_tests_run_what_the_test_script_runs_on_each_python() -> None:
    workflow = load(ROOT / ".github/workflows/test.yml")
    script = (ROOT / "scripts/test.sh").read_text(encoding="utf-8")
    here = commands(workflow).splitlines()
    for line in re.findall(r"^\.venv/bin/(.+)$", script, re.M):
        assert line.removesuffix(' "$@"') in here
    versions = workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert f">={versions[0]}" == PROJECT["requires-python"]
    assert versions == ["3.11", "3.12", "3.13"]


@each_form
def test_a_form_is_one_that_github_accepts(path: Path) -> None:
    form = load(path)
    assert form["name"]
    assert form["description"]
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    ids = [field["id"] for field in fields]
    assert len(ids) == len(set(ids))
    for field in fields:
        assert field["type"] in {"input", "textarea", "dropdown", "checkboxes"}
        assert field["attributes"]["label"]
    # What an engineer needs, whatever the form is about.
    assert {"found", "command", "doctor"} <= set(ids)
    about = {"data-set-moved": {"name", "expected"}}.get(path.stem, {"cell", "printed"})
    assert about <= set(ids)


def test_a_form_asks_for_verbs_that_exist() -> None:
    known = known_verbs()
    for path in FORMS:
        text = path.read_text(encoding="utf-8")
        named = set(re.findall(r"\bcstrack ([a-z][a-z-]*) (?:--|[A-Z])", text))
        assert named
        assert named <= known


def test_hooks_are_local() -> None:
    for repository in load(ROOT / ".pre-commit-config.yaml")["repos"]:
        assert repository["repo"] == "local"
        for hook in repository["hooks"]:
            assert hook["language"] == "system"
            assert hook["entry"].startswith(".venv/bin/")


def test_the_changelog_and_the_citation_are_of_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    numbered = re.findall(r"^## \[(\d+)\.(\d+)\.(\d+)\]", text, re.M)
    order = [tuple(map(int, number)) for number in numbered]
    assert order == sorted(set(order), reverse=True)
    assert ".".join(numbered[0]) == PROJECT["version"]
    assert str(load(ROOT / "CITATION.cff")["version"]) == PROJECT["version"]
