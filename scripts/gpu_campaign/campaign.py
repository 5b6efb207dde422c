"""The steps of a campaign, in their order, within its time."""

import time
from argparse import Namespace
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from cstrack_bench.console import err
from cstrack_bench.errors import InputError
from cstrack_bench.experiments.ledger import Ledger
from cstrack_bench.experiments.provenance import provenance
from cstrack_bench.experiments.recipes import Run
from cstrack_bench.experiments.records import RunRecord
from cstrack_bench.experiments.workspace import Workspace
from cstrack_bench.files import sha256
from cstrack_bench.synthmot.generate import make_synthmot
from gpu_campaign import machine, rows, scale, views
from gpu_campaign.budget import Budget, TimeIsUp, ending, interrupting
from gpu_campaign.journal import Journal
from gpu_campaign.speed import NOTE, Bench, Clip, add_ratios, cells

MINUTES = {"full": 9.0, "tiny": 5.0}
# Of the stated time: where the speed table ends, done or not.
SPEED_SHARE = 0.4
# A training goes on where it stopped, so a few seconds are worth beginning one.
WORTH_BEGINNING = 15.0


@dataclass(frozen=True)
class Options:
    """What makes a campaign; the same in all of its sessions.

    Attributes:
        device: cuda or cpu.
        tiny: seconds of everything.
        sizes: of the models to train, in their order.
        cores: that the amount of data was made for.
    """

    device: str
    tiny: bool
    sizes: tuple[str, ...]
    cores: int

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**vars(self), "sizes": list(self.sizes)}

    @classmethod
    def chosen(cls, given: Namespace, stored: dict[str, Any] | None) -> "Options":
        """From the command line, or from the campaign that goes on.

        Raises:
            InputError: something that cannot be run here, or that would change a
                campaign half way.
        """
        if stored is None:
            device, tiny = given.device or "cuda", bool(given.tiny)
            named = scale.sizes(given.size or ("n" if tiny else "s,l"))
            options = cls(device, tiny, named, machine.cores())
        else:
            options = cls(**{**stored, "sizes": tuple(stored["sizes"])})
            for name, asked, own in (
                ("--device", given.device, options.device),
                ("--tiny", given.tiny or None, options.tiny),
                ("--size", given.size and scale.sizes(given.size), options.sizes),
            ):
                if asked is not None and asked != own:
                    raise InputError(
                        f"A campaign goes on as it began: leave {name} out, or start "
                        "another one."
                    )
        if options.device == "cuda" and not torch.cuda.is_available():
            raise InputError(
                "No CUDA device is here; --device cpu --tiny runs every step on the "
                "processor."
            )
        if options.device == "cpu" and not options.tiny:
            raise InputError("A full-size campaign needs a GPU; add --tiny.")
        return options


def run(given: Namespace) -> int:
    """Run a session of a campaign; 0 when nothing broke, else 1."""
    tiny = given.tiny
    if given.resume:
        journal = Journal.resume(given.out)
        options = Options.chosen(given, journal.document["options"])
        tiny = options.tiny
    else:
        options = Options.chosen(given, None)
        journal = Journal.start(given.out, options.as_dict())
    minutes = given.minutes or MINUTES["tiny" if tiny else "full"]
    if minutes <= 0:
        raise InputError(f"--minutes is {minutes:g}: give more than 0.")
    state = given.state or given.out.with_name(f"{given.out.resolve().name}.state")
    session = Session(journal, options, state, Budget(60 * minutes))
    with ending(session.budget):
        session.run({"minutes": minutes, "commit": given.commit})
    return 1 if journal.document["failed"] else 0


class Session:
    """One sitting: what fits in its budget, in the campaign's order.

    Args:
        journal: what was done before, and where notes go.
        options: of the campaign.
        state: folder of data, weights and checkpoints.
        budget: of the sitting.
    """

    def __init__(
        self, journal: Journal, options: Options, state: Path, budget: Budget
    ) -> None:
        self.journal = journal
        self.budget = budget
        self.device = torch.device(options.device)
        make = scale.tiny if options.tiny else scale.full
        wanted = make(options.cores)
        batch = wanted.batch * wanted.width * wanted.height * 3
        workers = machine.readers(wanted.workers, batch, machine.shared_memory())
        self.scale = replace(wanted, workers=workers)
        self.workspace = Workspace(
            state / "data", Ledger(state / "results"), self.device
        )
        self.plan = [
            planned
            for size in options.sizes
            for planned in rows.runs(self.scale, size, self.device)
        ]
        self.results = journal.folder / "results"
        self.hardware = machine.describe(self.device)
        self.slug = machine.slug(self.hardware)
        self.records: dict[str, list[RunRecord]] = defaultdict(list)

    def run(self, about: dict[str, Any]) -> None:
        """Every step until the time is up; tables and plots in any case."""
        known = provenance(str(self.device))
        commit = known.git if known.git != "unknown" else about["commit"]
        self.journal.document["scale"] = self.scale.as_dict()
        session = self.journal.open_session(
            {
                "minutes": about["minutes"],
                "hardware": self.hardware,
                "commit": commit or "unknown",
                "changed_since_commit": known.dirty,
                "code": known.code,
            }
        )
        torch.set_flush_denormal(True)
        session["ended"] = "stopped"
        try:
            with interrupting(self.budget):
                self._steps()
            session["ended"] = "all done"
        except TimeIsUp:
            session["ended"] = "the time was up"
        finally:
            self._say("writing tables and plots")
            self._name_what_is_left()
            self._views()
            session["seconds"] = round(self.budget.elapsed(), 1)
            self.journal.save()
        self._say(f"{session['ended']}; {self.journal.folder / 'campaign.json'}")

    def _steps(self) -> None:
        rows.take_back(self.results, self.workspace.ledger)
        self._step("SynthMOT", self._make_data)
        self._step("speed table", self._time)
        for planned in self.plan:
            if self.budget.left() < WORTH_BEGINNING:
                raise TimeIsUp
            self._step(rows.title(planned), partial(self._row, planned))

    def _step(self, what: str, action: Callable[[], None]) -> None:
        """Do one thing; what breaks in it is noted and stops no other.

        Time on a GPU is lent: a fault in one step, known or not, must not cost the
        others theirs.
        """
        self._say(what)
        start = time.monotonic()
        try:
            action()
        except Exception as error:
            self._say(f"{what} failed: {error}")
            self.journal.fail(what, error)
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
            return
        self.journal.did(what, time.monotonic() - start)

    def _make_data(self) -> None:
        config = self.plan[0].settings.data
        root = self.workspace.data_root / config.dataset
        make_synthmot(root, config.synth, ("train", "test"), machine.cores())
        data = self.workspace.open(config)
        self.journal.document["data"] = data.describe()

    def _time(self) -> None:
        speed = self.journal.document["speed"]
        if speed.get("machine") != self.slug:  # never two machines in one table
            speed.clear()
            speed |= {"note": NOTE, "machine": self.slug, "hardware": self.hardware}
            speed |= {"ratio_to": self.scale.networks[0].name, "cells": []}
        waiting = self._cells_left()
        if not waiting:
            return
        video = self.workspace.open(self.plan[0].settings.data).val[0]
        clip = Clip.read(video, self.scale.dropped + self.scale.timed)
        bench = Bench(self.scale, clip, self.device)
        part = self.budget.part(SPEED_SHARE)
        longest = 0.0
        for timed, precision, layout in waiting:
            if part.left() < 1.3 * longest:
                break
            start = time.monotonic()
            self._step(
                f"speed of {timed.name}, {precision}, {layout}",
                partial(self._cell, bench, timed, precision, layout),
            )
            longest = max(longest, time.monotonic() - start)
        speed["clocks_after"] = machine.clocks()

    def _cell(
        self, bench: Bench, timed: scale.Timed, precision: str, layout: str
    ) -> None:
        speed = self.journal.document["speed"]
        speed["cells"].append(bench.measure(timed, precision, layout))
        add_ratios(speed["cells"], speed["ratio_to"])

    def _row(self, planned: Run) -> None:
        record = rows.finish(planned, self.workspace, self.journal.note_epoch)
        below = rows.publish(planned, self.workspace.ledger, self.results)
        path = self.results.relative_to(self.journal.folder) / below
        self.journal.note_row(rows.summary(planned, record, path))
        self.records[planned.settings.size].append(record)

    def _cells_left(self) -> list[tuple[scale.Timed, str, str]]:
        done = {
            (c["network"], c["precision"], c["layout"])
            for c in self.journal.document["speed"]["cells"]
        }
        return [
            (timed, precision, layout)
            for timed, precision, layout in cells(self.scale, self.device)
            if (timed.name, precision, layout) not in done
        ]

    def _name_what_is_left(self) -> None:
        failed = {entry["what"] for entry in self.journal.document["failed"]}
        for timed, precision, layout in self._cells_left():
            what = f"speed of {timed.name}, {precision}, {layout}"
            if what not in failed:
                why = f"not reached in {SPEED_SHARE:.0%} of the time"
                self.journal.leave_out(what, why)
        finished = {row["title"] for row in self.journal.document["rows"]}
        for planned in self.plan:
            what = rows.title(planned)
            if what in finished or what in failed:
                continue
            begun = self.journal.document["trainings"].get(what)
            why = "the time was up before its training"
            if begun:
                epochs = planned.settings.train.epochs
                why = f"the time was up after epoch {begun[-1]['epoch']} of {epochs}"
            self.journal.leave_out(what, f"{why}; --resume goes on with it")

    def _views(self) -> None:
        written: list[Path] = []
        for what, write in (
            (
                "speed tables",
                lambda: views.write_speed(
                    self.journal, self.slug, self.scale.networks[0].name
                ),
            ),
            (
                "Table II",
                lambda: views.write_rows(self.journal.folder, self.slug, self.records),
            ),
            ("training plot", lambda: views.write_training(self.journal, self.slug)),
        ):
            try:
                written += write()
            except Exception as error:
                self.journal.fail(what, error)
        self.journal.document["files"] = {
            path.name: {"bytes": path.stat().st_size, "sha256": sha256(path)}
            for path in written
        }

    def _say(self, what: str) -> None:
        err.print(f"{self.budget.elapsed():6.1f} s  {what}", markup=False)
