"""Hooks of ``mkdocs build``: what the documentation takes from the program itself."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from cstrack_bench.cli.app import app  # noqa: E402

VERBS, FOLDERS = "<!-- verbs -->", "<!-- folders -->"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the verbs and the folders of the package where a page asks for them."""
    for mark, made in ((VERBS, verbs_markdown), (FOLDERS, folders_markdown)):
        if mark in markdown:
            markdown = markdown.replace(mark, made())
    return markdown


def folders_markdown() -> str:
    """What each folder of the package is, in the order in which imports may point."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    layers = next(c["layers"] for c in contracts if c["type"] == "layers")
    lines = ["| folder | |", "|---|---|"]
    for module in (name.strip() for layer in layers for name in layer.split("|")):
        source = ROOT / module.replace(".", "/") / "__init__.py"
        if source.is_file():
            text = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8")))
            first = (text or "").split("\n\n")[0]
            lines.append(f"| `{module.rpartition('.')[2]}/` | {_cell(first)} |")
    return "\n".join(lines)


def commands() -> Iterator[tuple[str, Any]]:
    """Every verb, ``bench association`` for one of a group, and its command."""
    found = typer.main.get_command(app).commands
    for name, command in found.items():
        if hasattr(command, "commands"):
            yield from (
                (f"{name} {inner}", below) for inner, below in command.commands.items()
            )
        else:
            yield name, command


def verbs_markdown() -> str:
    """A section a verb: what it does, how it is called, its options."""
    return "\n".join(line for name, verb in commands() for line in _verb(name, verb))


def _verb(name: str, command: Any) -> Iterator[str]:
    shown = [parameter for parameter in command.params if not parameter.hidden]
    arguments = [p for p in shown if p.param_type_name == "argument"]
    options = [p for p in shown if p.param_type_name == "option"]
    usage = " ".join([f"cstrack {name}", *map(_usage, arguments), "[OPTIONS]"])
    yield f"## cstrack {name} {{#{name.replace(' ', '-')}}}\n"
    yield f"{' '.join((command.help or '').split())}\n"
    yield f"```text\n{usage}\n```\n"
    yield "| | | default |\n|---|---|---|"
    for parameter in arguments:
        yield f"| `{_metavar(parameter)}` | {_cell(parameter.help)} | |"
    for parameter in options:
        names = ", ".join(f"`{opt}`" for opt in parameter.opts)
        notes = [_cell(parameter.help)]
        if parameter.envvar:
            notes.append(f"Also `{parameter.envvar}` in the environment.")
        yield f"| {names} | {' '.join(notes)} | {_default(parameter)} |"
    yield ""


def _usage(argument: Any) -> str:
    text = _metavar(argument)
    return text if argument.required else f"[{text}]"


def _metavar(argument: Any) -> str:
    if argument.metavar:
        return str(argument.metavar)
    return argument.name.upper() + ("..." if argument.nargs == -1 else "")


def _default(option: Any) -> str:
    if option.is_flag or option.default is None or option.default == ():
        return ""
    value = getattr(option.default, "value", option.default)
    return "" if callable(value) else f"`{value}`"


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")
