"""Where runs happen: their data, the ledger, the device, and who is who."""

import dataclasses
from functools import cached_property
from pathlib import Path

import torch

from cstrack_bench.datasets.experiment_data import DataConfig, ExperimentData, open_data
from cstrack_bench.download.catalogue import load_catalogue
from cstrack_bench.errors import InputError
from cstrack_bench.experiments.identity import run_components, training_components
from cstrack_bench.experiments.ledger import Ledger
from cstrack_bench.experiments.nested import digest
from cstrack_bench.experiments.recipes import Run
from cstrack_bench.files import sha256
from cstrack_bench.formats.sequences import Sequence
from cstrack_bench.formats.thinned import Thinned
from cstrack_bench.verification.before_work import check_training


@dataclasses.dataclass(frozen=True)
class Workspace:
    """Opens each data set once and knows the identity of every run.

    Attributes:
        data_root: folder of the data sets.
        ledger: where records and weights lie.
        device: where to compute.
    """

    data_root: Path
    ledger: Ledger
    device: torch.device

    @cached_property
    def _opened(self) -> dict[DataConfig, ExperimentData]:
        return {}

    @cached_property
    def _hashes(self) -> dict[tuple[DataConfig, tuple[str, ...]], str]:
        return {}

    def open(self, config: DataConfig) -> ExperimentData:
        """The data of a configuration; opened (or made) and checked at the first call.

        Raises:
            InputError: it is not there, or not fit to be learnt from or measured.
        """
        if config not in self._opened:
            found = open_data(config, self.data_root)
            if not config.resolved.is_generated:
                check_training(found.own, found.val)
            mixed = [
                source.source
                for part in found.mix
                for source in part.sources
                if isinstance(source, Thinned)
            ]
            check_training([s for s in mixed if isinstance(s, Sequence)], [])
            self._opened[config] = found
        return self._opened[config]

    def open_all(self, run: Run) -> None:
        """Open the data of a run and of all that come before it."""
        self.open(run.settings.data)
        self.open(run.settings.test_data)
        for ancestor in (run.start, run.detector):
            if ancestor is not None:
                self.open_all(ancestor)

    def training_identity(self, run: Run) -> str:
        """Hash of all that decides a run's weights; equal ones are trained once."""
        settings = run.settings
        start = None
        if run.start is not None:
            start = self.training_identity(run.start)
        elif settings.init.weights is not None:
            start = sha256(self.weights_file(run))
        content = [
            settings.training_dict(),
            start,
            run.seed,
            self._manifest(settings.data, ("train",)),
            training_components(run),
        ]
        return digest(content, 16)

    def identity(self, run: Run) -> str:
        """Hash of all that decides a run's numbers."""
        settings = run.settings.as_dict()
        content = [
            {name: settings[name] for name in ("nms", "track", "measure", "data")},
            self.training_identity(run),
            run.detector and self.training_identity(run.detector),
            self._manifest(run.settings.test_data, ("train", "val")),
            run_components(run),
        ]
        return digest(content, 16)

    def _manifest(self, config: DataConfig, roles: tuple[str, ...]) -> str:
        key = (config, roles)
        if key not in self._hashes:
            self._hashes[key] = self.open(config).manifest_hash(roles)
        return self._hashes[key]

    def weights_file(self, run: Run) -> Path:
        """The published file that a run starts from (InitConfig.weights).

        Raises:
            InputError: it is not there; says where it was looked for.
        """
        name = run.settings.init.weights
        assert name is not None, "asked for a run that starts from a file"
        candidates = [
            Path(name),
            self.data_root / "weights" / name,
            self.data_root / name,
            self.data_root.parent / "weights" / name,
        ]
        for candidate in candidates:
            if candidate.is_file():
                return candidate
        published = [
            item.name
            for item in load_catalogue().values()
            if item.target == Path("weights") / name
        ]
        mend = f"cstrack download {published[0]}" if published else "put them there"
        raise InputError(
            f"The weights {Path(name).name} to start from are not in "
            f"{self.data_root / 'weights'}; {mend}, or start from random "
            "weights with --set init.weights=null."
        )
