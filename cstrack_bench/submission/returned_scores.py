"""Scores as a server returns them, read by our names.

A table page copied to CSV, trackeval's ``pedestrian_summary.txt`` and
``pedestrian_detailed.csv``, a JSON object, or numbers typed as ``MOTA=74.9`` are read.
"""

import csv
import json
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from cstrack_bench.errors import InputError
from cstrack_bench.evaluation.scores import Evaluation, Scores

PERCENT = ("HOTA", "DetA", "AssA", "MOTA", "IDF1", "IDP", "IDR", "MTR", "MLR")
COUNTS = (
    *("MT", "PT", "ML", "FP", "FN", "IDSW", "Frag"),
    *("TP", "IDTP", "IDFP", "IDFN", "GT"),
)
KEYS = (*PERCENT, *COUNTS, "FPS")
#: What servers and papers call our scores, without case and signs.
_NAMES = {
    **{key.casefold(): key for key in KEYS},
    **dict.fromkeys(("idsw", "idsws", "idswitches", "ids", "idsw2"), "IDSW"),
    **dict.fromkeys(("fragm", "fm", "fragmentations"), "Frag"),
    **dict.fromkeys(("falsepositives", "clrfp"), "FP"),
    **dict.fromkeys(("falsenegatives", "misses", "clrfn"), "FN"),
    "clrtp": "TP",
    "mostlytracked": "MT",
    "mostlylost": "ML",
    "mtpercent": "MTR",
    "mlpercent": "MLR",
    "gtdets": "GT",
    "hz": "FPS",
    **{f"{name.casefold()}auc": name for name in ("HOTA", "DetA", "AssA")},
}
_OVERALL = frozenset({"overall", "combined", "all", "total", ""})
_BOTH = re.compile(r"([\d.,]+)\s*\(\s*([\d.]+)\s*%\s*\)")


def read_returned(path: Path) -> Evaluation:
    """Read a file of scores.

    Args:
        path: a JSON object (ours of ``cstrack evaluate --json``, or names and numbers),
            a CSV file or a table separated by spaces, with a heading.

    Raises:
        InputError: it cannot be read, has no overall score that is known, or a number
            that no such score has.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise InputError(f"Cannot read {path}: {reason}.") from error
    if text.lstrip().startswith("{"):
        overall, sequences = _from_json(path, text)
    else:
        overall, sequences = _from_table(path, text)
    return Evaluation(
        _checked(overall, str(path)),
        {name: _checked(row, f"{path}, {name}") for name, row in sequences.items()},
    )


def parse_scores(pairs: Iterable[str]) -> Evaluation:
    """Scores typed as ``NAME=NUMBER``.

    Raises:
        InputError: another form, an unknown name or an impossible number.
    """
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or _key(name) is None:
            raise InputError(
                f"--score takes NAME=NUMBER, not {pair!r}; names are {', '.join(KEYS)}."
            )
        found[name] = value
    return Evaluation(_checked(_by_key(found), "--score"), {})


def _from_json(
    path: Path, text: str
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise InputError(f"{path} is not JSON ({error}).") from error
    overall = document.get("overall", document)
    sequences = document.get("sequences", {})
    rows = [overall, *(sequences.values() if isinstance(sequences, dict) else [None])]
    if not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{path} has no object of names and numbers.")
    return _by_key(_as_text(overall)), {
        str(name): _by_key(_as_text(row)) for name, row in sequences.items()
    }


def _as_text(row: Mapping[str, object]) -> dict[str, str]:
    return {name: str(v) for name, v in row.items() if isinstance(v, int | float | str)}


def _from_table(
    path: Path, text: str
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        raise InputError(f"{path} has no table: a heading and at least one row.")
    if "," in lines[0]:
        cells = list(csv.reader(lines))
    elif "\t" in lines[0]:
        cells = [line.split("\t") for line in lines]
    else:
        cells = [line.split() for line in lines]
    head, rows = cells[0], cells[1:]
    for number, row in enumerate(rows, start=2):
        if len(row) != len(head):
            raise InputError(
                f"{path}, row {number} has {len(row)} columns, its heading {len(head)}."
            )
    # trackeval's details are shares of one, its summary is in percent.
    scale = 100.0 if any("___AUC" in name for name in head) else 1.0
    named = _key(head[0]) is None
    overall: dict[str, str] | None = None
    sequences: dict[str, dict[str, str]] = {}
    for row in rows:
        found = _scaled(_by_key(dict(zip(head, row, strict=True))), scale)
        name = row[0].strip() if named else ""
        if name.casefold() in _OVERALL or len(rows) == 1:
            overall = found
        else:
            sequences[name] = found
    if overall is None:
        raise InputError(f"{path} has no row called OVERALL or COMBINED.")
    return overall, sequences


def _scaled(row: Mapping[str, str], scale: float) -> dict[str, str]:
    if scale == 1.0:
        return dict(row)
    return {
        key: str(scale * float(text)) if key in PERCENT and _is_number(text) else text
        for key, text in row.items()
    }


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _key(name: str) -> str | None:
    return _NAMES.get(re.sub(r"[^a-z0-9]", "", name.casefold()))


def _by_key(row: Mapping[str, str]) -> dict[str, str]:
    """Our name -> text; what is not known is left out."""
    switches = any(_key(name) == "IDSW" and name.casefold() != "ids" for name in row)
    found: dict[str, str] = {}
    for name, text in row.items():
        # Beside IDSW, trackeval's column IDs is the number of the tracker's identities.
        if name.strip().casefold() == "ids" and switches:
            continue
        key = _key(name)
        if key is None:
            continue
        both = _BOTH.fullmatch(text.strip())
        if both and key in ("MT", "ML"):
            found[key], found[f"{key}R"] = both[1], both[2]
        elif key in ("MT", "ML") and text.strip().endswith("%"):
            found[f"{key}R"] = text.strip().rstrip("%")
        else:
            found[key] = text
    return found


def _checked(row: Mapping[str, str], where: str) -> Scores:
    """Numbers of the right kind and range."""
    scores: Scores = {}
    for key, text in row.items():
        plain = text.strip().rstrip("%").replace(",", "").replace("−", "-")
        if plain in ("", "-"):
            continue
        if not _is_number(plain):
            raise InputError(f"{where}: {key} is {text.strip()!r}, not a number.")
        value = float(plain)
        low = -math.inf if key == "MOTA" else 0.0
        if key in COUNTS:
            if value < 0 or value % 1:
                raise InputError(f"{where}: {key} is {plain}, not a count.")
            scores[key] = int(value)
        elif value < low or (key in PERCENT and value > 100):
            raise InputError(f"{where}: {key} is {plain}, not a percentage.")
        else:
            scores[key] = value
    if not scores:
        raise InputError(f"{where} has none of the scores {', '.join(KEYS)}.")
    shares = [scores[key] for key in PERCENT if key in scores]
    if len(shares) > 1 and all(abs(value) <= 1 for value in shares) and any(shares):
        raise InputError(f"{where}: the scores are shares of one; give percentages.")
    if {"MT", "PT", "ML"} <= scores.keys():
        identities = scores["MT"] + scores["PT"] + scores["ML"]
        for key in ("MT", "ML"):
            scores.setdefault(f"{key}R", 100.0 * scores[key] / max(1, identities))
    return scores
