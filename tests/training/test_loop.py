"""Training on a few synthetic frames: resuming, determinism, refusals."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from cstrack_bench.errors import CstrackError, InputError
from cstrack_bench.formats.sequences import list_sequences
from cstrack_bench.interruption import SIGNALS, Interruptions
from cstrack_bench.models.cstrack_config import make_config
from cstrack_bench.models.cstrack_network import CSTrack
from cstrack_bench.synthmot.generate import SynthSpec, make_synthmot
from cstrack_bench.synthmot.world_config import SynthConfig
from cstrack_bench.systems.system_registry import find_system
from cstrack_bench.training.checkpoint import Position
from cstrack_bench.training.loop import TrainingSummary, seed_everything, train
from cstrack_bench.training.train_config import LossConfig, TrainConfig
from cstrack_bench.training_data.loading import AugmentConfig, EpochSampler, TrainingSet

SIZE = (64, 96)
CONFIG = TrainConfig(
    epochs=2,
    batch=2,
    nominal_batch=4,
    warmup_epochs=1,
    warmup_iterations=0,
    precision="float32",
    workers=0,
)


@pytest.fixture(scope="session")
def world_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec = SynthSpec(
        train_sequences=1,
        test_sequences=1,
        config=SynthConfig(width=192, height=128, frames=10, people=6),
    )
    return make_synthmot(tmp_path_factory.mktemp("synth"), spec, processes=1)


@pytest.fixture
def dataset(world_folder: Path) -> TrainingSet:
    sequences = list_sequences(world_folder, "train")
    return TrainingSet(sequences, SIZE, AugmentConfig(), seed=0)


def run(
    dataset: TrainingSet, checkpoint: Path, identity: str = "a", **options: object
) -> tuple[CSTrack, TrainingSummary]:
    seed_everything(0)
    model = CSTrack(make_config("n"))
    return train(
        model,
        find_system("cstrack").loss(model, dataset.identities, LossConfig()),
        dataset,
        options.pop("config", CONFIG),  # type: ignore[arg-type]
        checkpoint,
        identity,
        0,
        torch.device("cpu"),
        **options,  # type: ignore[arg-type]
    )


def same_weights(a: torch.nn.Module, b: torch.nn.Module) -> bool:
    left, right = a.state_dict(), b.state_dict()
    return left.keys() == right.keys() and all(
        torch.equal(left[k], right[k]) for k in left
    )


def test_two_runs_are_identical_and_another_seed_is_not(
    dataset: TrainingSet, tmp_path: Path
) -> None:
    first, summary = run(dataset, tmp_path / "a.ckpt")
    second, _ = run(dataset, tmp_path / "b.ckpt")
    assert same_weights(first, second)
    assert summary.steps > 0
    assert summary.identities == dataset.identities - 1
    assert all(np.isfinite(list(summary.loss.values())))


def test_steps_are_no_longer_than_the_gradient_may_be(
    dataset: TrainingSet, tmp_path: Path
) -> None:
    plain = dataclasses.replace(
        CONFIG,
        lr=0.1,
        momentum=0.0,
        nesterov=False,
        weight_decay=0.0,
        warmup_epochs=0.0,
        nominal_batch=2,
        ema_decay=0.0,
    )
    short = dataclasses.replace(plain, clip_norm=1e-3)
    wide = dataclasses.replace(plain, clip_norm=1e9)
    free, _ = run(dataset, tmp_path / "a.ckpt", config=plain)
    same, _ = run(dataset, tmp_path / "b.ckpt", config=wide)
    held, summary = run(dataset, tmp_path / "c.ckpt", config=short)
    assert same_weights(free, same)
    seed_everything(0)
    start = dict(CSTrack(make_config("n")).named_parameters())

    def way(model: torch.nn.Module) -> float:
        moves = [
            (value.detach() - start[name].detach()).double().square().sum()
            for name, value in model.named_parameters()
        ]
        return float(torch.stack(moves).sum().sqrt())

    # Without momentum and decay a step is as long as rate × gradient at most.
    assert 0 < way(held) <= 0.1 * 1e-3 * summary.steps * 1.01 < way(free)


class Stop(Exception):
    pass


def test_interrupted_between_epochs_goes_on_to_the_same_weights(
    dataset: TrainingSet, tmp_path: Path
) -> None:
    whole, _ = run(dataset, tmp_path / "whole.ckpt")

    def stop(_: object) -> None:
        raise Stop

    with pytest.raises(Stop):
        run(dataset, tmp_path / "cut.ckpt", save_every=1, on_epoch=stop)
    resumed, _ = run(dataset, tmp_path / "cut.ckpt", save_every=1)
    assert same_weights(whole, resumed)


def test_a_signal_ends_a_training_at_a_checkpoint(
    dataset: TrainingSet, tmp_path: Path
) -> None:
    config = dataclasses.replace(CONFIG, epochs=3)
    whole, _ = run(dataset, tmp_path / "whole.ckpt", config=config)
    before = {number: signal.getsignal(number) for number in SIGNALS}
    interruptions = Interruptions()
    interruptions.listen()

    def stop(position: Position) -> None:
        if position.epoch == 1:
            os.kill(os.getpid(), signal.SIGTERM)

    try:
        with pytest.raises(KeyboardInterrupt):
            run(dataset, tmp_path / "cut.ckpt", config=config, on_epoch=stop)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert interruptions.received == signal.SIGTERM
    # It is not yet time for a checkpoint: there is one because of the signal.
    state = torch.load(tmp_path / "cut.ckpt", weights_only=True)
    assert (state["position"]["epoch"], state["position"]["batch"]) == (1, 0)
    resumed, _ = run(dataset, tmp_path / "cut.ckpt", config=config)
    assert same_weights(whole, resumed)


def test_an_epoch_is_told_before_a_state_counts_it(
    dataset: TrainingSet, tmp_path: Path
) -> None:
    """Else one that is killed between the two would be missing from the curve."""

    def stop(position: Position) -> None:
        state = torch.load(tmp_path / "cut.ckpt", weights_only=True)
        assert state["position"]["epoch"] == position.epoch - 1
        raise Stop

    with pytest.raises(Stop):
        run(dataset, tmp_path / "cut.ckpt", save_every=1, on_epoch=stop)


CHILD = """
import json, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
sys.path.insert(0, {tests!r})
from test_loop import CONFIG, SIZE, run
from cstrack_bench.training_data.loading import AugmentConfig, TrainingSet
from cstrack_bench.formats.sequences import list_sequences
sequences = list_sequences(Path({data!r}), "train")
dataset = TrainingSet(sequences, SIZE, AugmentConfig(), seed=0)
model, summary = run(dataset, Path({checkpoint!r}), save_every=1)
torch.save(model.state_dict(), {output!r})
"""


def test_killed_at_a_random_moment_goes_on_to_the_same_weights(
    world_folder: Path, tmp_path: Path
) -> None:
    def child(checkpoint: str, output: str) -> subprocess.Popen[bytes]:
        code = CHILD.format(
            tests=str(Path(__file__).parent),
            data=str(world_folder),
            checkpoint=str(tmp_path / checkpoint),
            output=str(tmp_path / output),
        )
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        return subprocess.Popen([sys.executable, "-c", code], env=environment)

    assert child("whole.ckpt", "whole.pt").wait(300) == 0
    random = np.random.default_rng()
    kills = 0
    for _ in range(3):
        victim = child("cut.ckpt", "cut.pt")
        deadline = time.monotonic() + 120
        # Once the first state is on disk (a later one, on a later round) …
        before = (tmp_path / "cut.ckpt").stat().st_mtime_ns if kills else 0
        while victim.poll() is None and time.monotonic() < deadline:
            path = tmp_path / "cut.ckpt"
            if path.exists() and path.stat().st_mtime_ns != before:
                break
            time.sleep(0.002)
        # … at any moment of the next steps, also in the middle of a write.
        time.sleep(float(random.uniform(0, 0.3)))
        if victim.poll() is None:
            victim.send_signal(signal.SIGKILL)
            kills += 1
        victim.wait()
        if (tmp_path / "cut.pt").exists():
            break
    assert kills > 0
    assert child("cut.ckpt", "cut.pt").wait(300) == 0
    whole = torch.load(tmp_path / "whole.pt", weights_only=True)
    cut = torch.load(tmp_path / "cut.pt", weights_only=True)
    assert all(torch.equal(whole[name], cut[name]) for name in whole)


def test_the_number_of_readers_changes_nothing(
    dataset: TrainingSet, tmp_path: Path
) -> None:
    alone, _ = run(dataset, tmp_path / "a.ckpt")
    config = dataclasses.replace(CONFIG, workers=2)
    helped, _ = run(dataset, tmp_path / "b.ckpt", config=config)
    assert same_weights(alone, helped)


def test_another_runs_checkpoint_is_refused(
    dataset: TrainingSet, tmp_path: Path
) -> None:
    run(dataset, tmp_path / "a.ckpt")
    with pytest.raises(InputError, match="other settings"):
        run(dataset, tmp_path / "a.ckpt", identity="b")


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04"])
def test_a_damaged_checkpoint_is_refused(
    dataset: TrainingSet, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "a.ckpt"
    path.write_bytes(content)
    with pytest.raises(InputError, match="cannot be read"):
        run(dataset, path)
    assert path.read_bytes() == content


def test_a_loss_that_is_not_finite_names_the_images(
    dataset: TrainingSet, tmp_path: Path
) -> None:
    config = dataclasses.replace(CONFIG, lr=1e30, warmup_epochs=0)
    with pytest.raises(CstrackError, match=r"loss became .* frame \d+"):
        run(dataset, tmp_path / "a.ckpt", config=config)


def test_every_image_is_seen_once_an_epoch_and_epochs_differ() -> None:
    first = [key for batch in EpochSampler(10, 4, 0, 0) for key in batch]
    second = [key for batch in EpochSampler(10, 4, 0, 1) for key in batch]
    assert sorted(i for _, i in first) == list(range(10))
    assert [i for _, i in first] != [i for _, i in second]
    late = [key for batch in EpochSampler(10, 4, 0, 0, first=1) for key in batch]
    assert late == first[4:]


def test_processes_share_each_batch() -> None:
    parts = [list(EpochSampler(10, 4, 0, 0, rank=r, world=2)) for r in (0, 1)]
    whole = list(EpochSampler(10, 4, 0, 0))
    for left, right, batch in zip(*parts, whole, strict=True):
        assert sorted(left + right) == sorted(batch)


def test_summary_is_plain_data(dataset: TrainingSet, tmp_path: Path) -> None:
    _, summary = run(dataset, tmp_path / "a.ckpt")
    assert json.loads(json.dumps(dataclasses.asdict(summary)))["precision"] == "float32"


def test_a_sequence_without_ground_truth_cannot_be_trained_on(
    world_folder: Path, tmp_path: Path
) -> None:
    import shutil

    copy = tmp_path / "train" / "SYN-train-01"
    shutil.copytree(world_folder / "train" / "SYN-train-01", copy)
    shutil.rmtree(copy / "gt")
    with pytest.raises(InputError, match=r"SYN-train-01.*ground truth"):
        TrainingSet(list_sequences(tmp_path, "train"), SIZE, None, 0)


def test_labels_are_normalised_boxes_of_the_stretched_image(
    world_folder: Path,
) -> None:
    sequence = list_sequences(world_folder, "train")[0]
    dataset = TrainingSet([sequence], SIZE, None, 0)
    image, targets, name = dataset[(0, 0)]
    annotations = sequence.annotations()
    assert annotations is not None
    people = annotations.pedestrians().between(0, 1)
    assert image.shape == (3, *SIZE)
    assert name == "SYN-train-01 frame 1"
    assert 0 < len(targets) <= len(people.ids)
    assert targets[:, 0].min() >= 1
    left, right = targets[:, 1] - targets[:, 3] / 2, targets[:, 1] + targets[:, 3] / 2
    wanted_left = people.boxes[:, 0].clip(2, 190) / 192
    assert any(abs(left[0] - w) < 0.02 for w in wanted_left)
    assert (right <= 1).all()
    assert (left >= 0).all()


def test_flipping_mirrors_the_boxes_with_the_image(world_folder: Path) -> None:
    sequences = list_sequences(world_folder, "train")
    plain = TrainingSet(sequences, SIZE, None, 0)
    options = {"hue": 0.0, "saturation": 0.0, "value": 0.0}
    mirrored = TrainingSet(sequences, SIZE, AugmentConfig(flip=1.0, **options), 0)
    image, targets, _ = plain[(0, 0)]
    other, flipped, _ = mirrored[(0, 0)]
    difference = np.abs(other[:, :, ::-1].astype(int) - image.astype(int))
    assert difference.mean() < 3  # colours went to HSV and back
    assert np.allclose(np.sort(1 - flipped[:, 1]), np.sort(targets[:, 1]), atol=1e-6)


def test_people_without_identity_are_class_zero(tmp_path: Path) -> None:
    import cv2

    folder = tmp_path / "train" / "A"
    (folder / "img1").mkdir(parents=True)
    (folder / "gt").mkdir()
    cv2.imwrite(str(folder / "img1" / "000001.jpg"), np.zeros((64, 96, 3), np.uint8))
    (folder / "seqinfo.ini").write_text(
        "[Sequence]\nname=A\nimDir=img1\nframeRate=30\nseqLength=1\nimWidth=96\n"
        "imHeight=64\nimExt=.jpg\n",
        encoding="utf-8",
    )
    (folder / "gt" / "gt.txt").write_text(
        "1,-1,10,10,20,40,1,1,1\n1,7,40,10,20,40,1,1,1\n1,0,65,10,20,40,1,1,1\n",
        encoding="utf-8",
    )
    dataset = TrainingSet(list_sequences(tmp_path, "train"), SIZE, None, 0)
    # Nobody's first person is lost: id 0 is a person like any other.
    assert dataset.identities == 3
    assert sorted(dataset[(0, 0)][1][:, 0]) == [0, 1, 2]
