#!/usr/bin/env python
"""Give records of schema 1 their identity by component versions, once.

    python scripts/migrate_records.py OLD --data twin=DIR --data real=DIR …

A record of schema 1 is identified by its settings, its data and a hash of the code's
syntax tree. Its numbers stay what they were; only the identity changes, so this needs
two things shown: that the record is one of the code of revision OLD (that code, run
here on the same data, gives the record's own hash), and that the code here computes
what that of OLD computes (``scripts/prove_equal.py OLD``, whose evidence is named in
the record). A record of which the first does not hold keeps its hash and gets no
component versions: ``cstrack reproduce`` never takes it for a run of today's code.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

# Run by the code of OLD: (table, profile, row, seed) -> identities of run and training.
IDENTITIES = """
import json, sys
from pathlib import Path
import torch
from cstrack_bench.ledger import Ledger
from cstrack_bench.recipes import load_recipe
from cstrack_bench.workspace import Workspace
workspace = Workspace(Path(sys.argv[1]), Ledger(Path(sys.argv[2])), torch.device("cpu"))
for table, profile, row, seed in json.loads(sys.stdin.read()):
    run = load_recipe(table).runs(profile, [row], seed + 1)[seed]
    pair = workspace.identity(run), workspace.training_identity(run)
    print(json.dumps([table, profile, row, seed, *pair]))
"""

Key = tuple[str, str, int, int]


def old_identities(
    tree: Path, data: Path, keys: list[Key]
) -> dict[Key, tuple[str, str]]:
    """Identities of runs and of their trainings, by the code of a revision.

    Args:
        tree: its work tree.
        data: root of the data sets.
        keys: table, profile, row and seed of each run.
    """
    done = subprocess.run(
        [sys.executable, "-c", IDENTITIES, str(data.resolve()), os.devnull],
        cwd=tree,
        input=json.dumps(keys),
        env={**os.environ, "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {tuple(row[:4]): (row[4], row[5]) for row in rows}


def migrated(
    document: Mapping[str, Any], evidence: str, data: Path, old: tuple[str, str]
) -> dict[str, Any]:
    """A record of schema 2, its identity that of today where it is proven.

    Args:
        document: of schema 1.
        evidence: file that shows old and new code equal.
        data: root of the data sets.
        old: identities of run and training by the old code.
    """
    import torch

    from cstrack_bench.experiments.identity import run_components, training_components
    from cstrack_bench.experiments.ledger import Ledger
    from cstrack_bench.experiments.recipes import load_recipe
    from cstrack_bench.experiments.workspace import Workspace

    named, trained = dict(document["run"]), dict(document["training"])
    proven = old == (named["hash"], trained.get("hash"))
    before = {
        "schema": 1,
        "hash": named["hash"],
        "code": document["provenance"]["code"],
        "evidence": evidence if proven else "none: measured by earlier code",
    }
    if proven:
        workspace = Workspace(data, Ledger(Path(os.devnull)), torch.device("cpu"))
        recipe = load_recipe(named["table"])
        run = recipe.runs(named["profile"], [named["row"]], named["seed"] + 1)[
            named["seed"]
        ]
        if run.settings.as_dict() != document["recipe"]:
            raise SystemExit(f"{named}: the recipe says something else today")
        named |= {"hash": workspace.identity(run), "components": run_components(run)}
        trained |= {
            "hash": workspace.training_identity(run),
            "components": training_components(run),
        }
        if run.start is not None:
            trained["start"] = workspace.training_identity(run.start)
        trained["provenance"] = {**trained["provenance"], "migrated": before}
    provenance = {**document["provenance"], "migrated": before}
    return {
        **document,
        "schema": 2,
        "run": named,
        "training": trained,
        "provenance": provenance,
    }


def main() -> int:
    """0 when every record of schema 1 was rewritten."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", help="revision that measured the records")
    parser.add_argument("--data", action="append", default=[], metavar="PROFILE=DIR")
    arguments = parser.parse_args()
    roots = dict(pair.split("=", 1) for pair in arguments.data)
    from cstrack_bench.documents import write_document
    from cstrack_bench.experiments.records import RunRecord

    evidence = ROOT / "results" / "proofs" / f"{arguments.old[:10]}.json"
    proof = json.loads(evidence.read_text(encoding="utf-8"))
    if proof["different"] or not proof["old"].startswith(arguments.old):
        raise SystemExit(
            f"{evidence} does not show that code and {arguments.old} agree"
        )
    documents: dict[str, dict[Key, tuple[Path, Any]]] = defaultdict(dict)
    for path in sorted((ROOT / "results").glob("*/*/row*/seed*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] == 1:
            run = document["run"]
            key = (run["table"], run["profile"], run["row"], run["seed"])
            documents[run["profile"]][key] = (path, document)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        command = ["git", "worktree", "add", "--detach", str(tree), arguments.old]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        try:
            for profile, found in documents.items():
                data = Path(roots[profile])
                old = old_identities(tree, data, list(found))
                count = 0
                for key, (path, document) in found.items():
                    name = evidence.relative_to(ROOT).as_posix()
                    new = migrated(document, name, data, old[key])
                    write_document(path, RunRecord.model_validate(new))
                    count += bool(new["run"].get("components"))
                print(f"{profile}: {count} of {len(found)} have today's identity")
        finally:
            command = ["git", "worktree", "remove", "--force", str(tree)]
            subprocess.run(command, cwd=ROOT, check=False, capture_output=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
