"""The evidence behind a cell as a tree on screen and as one JSON document."""

import dataclasses
from collections.abc import Mapping

from rich.tree import Tree

from cstrack_bench.report.cell_evidence import CellEvidence, Reasoning, RunEvidence
from cstrack_bench.report.words import estimate, number

_DECIMALS = 2
#: Of a hash, as it is shown; JSON has all of it.
_HASH = 12


def evidence_tree(found: CellEvidence) -> Tree:
    """Print, ours, verdicts, runs, data, components, settings, sequences."""
    row = found.paper.row(found.name.row)
    top = Tree(
        f"{found.name}  Table {found.paper.number}, row "
        f"{row.mark} ({row.label}{_group(row.group)}) · "
        f"{found.name.metric} · profile {found.profile}"
    )
    _add_print(top, found)
    _add_ours(top, found)
    if found.reasonings:
        branch = top.add("verdicts that lean on it")
        for reasoning in found.reasonings:
            _add_reasoning(branch, reasoning)
    if not found.runs:
        return top
    runs = top.add("runs")
    for run in found.runs:
        _add_run(runs, run)
    record = found.runs[0].record
    data = record.data
    branch = top.add(f"data: {data.dataset}, split {data.split}")
    for part, facts in (("measured", data.val), ("trained on", data.train)):
        branch.add(
            f"{part}: {facts.sequences} sequences, {facts.frames} frames, "
            f"hash {facts.hash}"
        )
    for mix in data.mix or ():
        branch.add(f"mixed in: {mix.name}, {mix.images} images, hash {mix.hash}")
    branch = top.add("components")
    for name, version in record.run.components.items():
        branch.add(f"{name}: version {version}")
    _add_settings(top.add("settings"), record.recipe)
    if found.sequences:
        _add_sequences(top, found)
    return top


def _group(group: str) -> str:
    return f", {group}" if group else ""


def _add_print(top: Tree, found: CellEvidence) -> None:
    claim = found.claim
    if claim is None:
        top.add("in print: no number")
        return
    branch = top.add(f"in print: {claim.printed} ({found.paper.split})")
    if claim.inconsistent is not None:
        erratum = claim.inconsistent
        branch.add(f"cannot be right: {erratum.where} ({erratum.id})")


def _add_ours(top: Tree, found: CellEvidence) -> None:
    if found.ours is None:
        branch = top.add(f"ours: none ({found.reason or 'not measured'})")
    else:
        seeds = "1 seed" if found.ours.n == 1 else f"{found.ours.n} seeds"
        text = estimate(found.ours, _DECIMALS)
        branch = top.add(f"ours: {text} ({seeds})")
    if found.verdict is not None:
        branch.add(f"the printed number is {found.verdict}")
    if found.others:
        branch.add(f"other runs of the row: --profile {', '.join(found.others)}")


def _add_reasoning(branch: Tree, reasoning: Reasoning) -> None:
    direction = reasoning.direction
    node = branch.add(f"{reasoning.pair}: {reasoning.said}")
    if direction.argument.quote:
        node.add(f"argued: “{direction.argument.quote}”")
    if direction.ours is None:
        return
    node.add(f"{direction.seeds} seeds × {direction.sequences} sequences")
    if direction.low is not None and direction.high is not None:
        node.add(
            f"difference {number(direction.ours, 2)}, 95 % interval "
            f"[{number(direction.low, 2)}, {number(direction.high, 2)}]"
        )
    if direction.margin is not None:
        node.add(f"a difference within ±{number(direction.margin, 2)} is negligible")
    if direction.family:
        node.add(f"corrected for {direction.family} comparisons of the table")
    if direction.parts is not None:
        parts = direction.parts
        node.add(
            "standard deviations of a difference: "
            f"seeds {number(parts.seed**0.5, 2)}, "
            f"sequences {number(parts.sequence**0.5, 2)}, "
            f"rest {number(parts.rest**0.5, 2)}"
        )
    if direction.detectable is not None:
        node.add(f"such runs show {number(direction.detectable, 2)} in 4 of 5 cases")


def _add_run(branch: Tree, run: RunEvidence) -> None:
    record, made = run.record, run.record.provenance
    value = "—" if run.value is None else number(run.value, _DECIMALS)
    node = branch.add(f"seed {record.run.seed}: {value} · {run.path}")
    node.add(f"identity {record.run.hash}")
    beside = "beside it" if run.weights else "not here"
    node.add(
        f"weights {record.model.weights_sha256[:_HASH]}, "
        f"{record.model.parameters:,} parameters, checkpoint "
        f"{record.model.checkpoint} ({beside})"
    )
    if record.tracks is not None:
        state = "beside it" if run.tracks else "not here, or others"
        node.add(
            f"tracks {record.tracks.sha256[:_HASH]}, {record.tracks.file} ({state})"
        )
    dirty = " with changes" if made.dirty else ""
    node.add(f"git {made.git[:_HASH]}{dirty}, code {made.code}")
    device = made.gpu or made.cpu
    node.add(f"{made.device}: {device}, {made.threads} threads")
    node.add(f"{made.time}: {made.command}")
    node.add(
        f"python {made.python}, torch {made.torch}, numpy {made.numpy}, "
        f"opencv {made.opencv}, trackeval {made.trackeval}"
    )
    training = record.training
    start = f", from {training.start}" if training.start else ""
    node.add(
        f"trained {training.epochs} epochs, {training.steps} steps, in "
        f"{training.precision}{start}, {training.wall_s / 60:.1f} min"
    )
    if made.migrated is not None:
        node.add(f"identity given by {made.migrated.evidence}")
    if run.stale:
        stale = node.add("stale: done again today it would differ in")
        for change in run.stale:
            stale.add(change)


def _add_settings(branch: Tree, settings: Mapping[str, object]) -> None:
    for name, value in settings.items():
        if isinstance(value, Mapping) and value:
            _add_settings(branch.add(name), value)
        else:
            branch.add(f"{name}: {value}")


def _add_sequences(top: Tree, found: CellEvidence) -> None:
    seeds = [run.record.run.seed for run in found.runs]
    branch = top.add(f"sequences (seeds {', '.join(map(str, seeds))})")
    for name, values in found.sequences.items():
        said = "  ".join(number(values[seed], _DECIMALS) for seed in seeds)
        branch.add(f"{name}: {said}")


def evidence_document(found: CellEvidence) -> dict[str, object]:
    """The same for a script; a record stands whole under ``record``."""
    claim = found.claim
    return {
        "cell": str(found.name),
        "table": found.name.table,
        "row": found.name.row,
        "metric": found.name.metric,
        "profile": found.profile,
        "other_profiles": list(found.others),
        "printed": None
        if claim is None
        else {
            "text": claim.printed,
            "value": claim.value,
            "erratum": claim.inconsistent and claim.inconsistent.id,
        },
        "ours": found.ours and dataclasses.asdict(found.ours),
        "reason": found.reason,
        "verdict": found.verdict,
        "directions": [_reasoning(one) for one in found.reasonings],
        "sequences": {
            name: {str(seed): value for seed, value in values.items()}
            for name, values in found.sequences.items()
        },
        "runs": [
            {
                "path": run.path,
                "seed": run.record.run.seed,
                "value": run.value,
                "weights_here": run.weights,
                "tracks_here": run.tracks,
                "stale": list(run.stale),
                "record": run.record.plain(),
            }
            for run in found.runs
        ],
    }


def _reasoning(one: Reasoning) -> dict[str, object]:
    direction = one.direction
    return {
        "first": direction.argument.first,
        "second": direction.argument.second,
        "printed": direction.printed,
        "verdict": str(direction.verdict),
        "said": one.said,
        "quote": direction.argument.quote,
        "ours": direction.ours,
        "low": direction.low,
        "high": direction.high,
        "seeds": direction.seeds,
        "sequences": direction.sequences,
        "margin": direction.margin,
        "family": direction.family,
        "variances": direction.parts and direction.parts._asdict(),
        "detectable": direction.detectable,
    }
