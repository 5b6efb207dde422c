"""How large a campaign is: full size for a GPU, tiny for two processor cores."""

from dataclasses import asdict, dataclass
from typing import Any

from cstrack_bench.errors import InputError

# With and without REN first: their difference is what the paper is about.
ROWS = (4, 5, 1, 2, 3, 6)

# What a speed cell computes in, and how its tensors lie. The first cells are those
# that say most, should the time not reach for all.
CELLS = (
    ("float32", "contiguous"),
    ("float16", "channels_last"),
    ("bfloat16", "channels_last"),
    ("float16", "contiguous"),
    ("bfloat16", "contiguous"),
    ("float32", "channels_last"),
    ("tf32", "contiguous"),
)


@dataclass(frozen=True)
class Timed:
    """A network whose speed is taken.

    Attributes:
        name: as the paper calls the system.
        system: cstrack or jde.
        size: a size's name.
        options: fields of the system's configuration.
        tracker: whose association and output filter go with it.
    """

    name: str
    system: str
    size: str
    options: tuple[tuple[str, str], ...] = ()
    tracker: str = "cstrack"


@dataclass(frozen=True)
class Scale:
    """Sizes, counts and schedule.

    Attributes:
        width, height: of the made frames and of the network's input, pixels.
        frames: of each sequence.
        train_sequences, test_sequences: how many.
        people: in view at a time, about (MOT17: 21 boxes a frame).
        networks: whose speed is taken; the first is what the others are compared with.
        timed, dropped: frames that count, and those before them that do not.
        rows: of Table II, in their order.
        epochs, detector_epochs: of a row, and of the detector that rows start from.
        batch: images a step.
        workers: processes that read training images.
    """

    width: int
    height: int
    frames: int
    train_sequences: int
    test_sequences: int
    people: int
    networks: tuple[Timed, ...]
    timed: int
    dropped: int
    rows: tuple[int, ...]
    epochs: int
    detector_epochs: int
    batch: int
    workers: int

    @property
    def size(self) -> tuple[int, int]:
        """Height, width of the network's input."""
        return self.height, self.width

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    def overrides(self, size: str, precision: str) -> list[str]:
        """Settings of a row, as ``--set`` takes them, over the profile ``twin``.

        The learning rate is twin's, raised with the square root of the batch; the
        loss is a sum over the batch, so the rate itself falls.

        Args:
            size: of the model.
            precision: of the training's forward pass.
        """
        synth = {
            "train_sequences": self.train_sequences,
            "test_sequences": self.test_sequences,
            "config.width": self.width,
            "config.height": self.height,
            "config.frames": self.frames,
            "config.people": self.people,
        }
        falls = (4 / self.batch) ** 0.5
        train = {
            "epochs": self.epochs,
            "batch": self.batch,
            "nominal_batch": self.batch,
            "optimizer": "sgd",
            "lr": 0.05 * falls,
            "momentum": 0.9,
            "schedule": "cosine",
            "decay_factor": 0.02,
            "warmup_epochs": 0.5,
            "warmup_iterations": 0,
            "warmup_bias_lr": 0.1 * falls,
            "ema_ramp": 300,
            "precision": precision,
            "workers": self.workers,
            "save_seconds": 15,
        }
        return [
            f"model.size={size}",
            f"data.input_size={self.width}x{self.height}",
            f"init.detector_epochs={self.detector_epochs}",
            *(f"data.synth.{key}={value}" for key, value in synth.items()),
            *(f"train.{key}={value}" for key, value in train.items()),
        ]


def full(cores: int) -> Scale:
    """The paper's input size, and SynthMOT's pictures to match, a sequence a core.

    Args:
        cores: of the machine; more sequences change nothing in those to be tested on.
    """
    return Scale(
        width=1088,
        height=608,
        frames=75,
        train_sequences=min(max(cores, 8), 32),
        test_sequences=8,
        people=20,
        networks=_networks("l", "l", "s", "l"),
        timed=60,
        dropped=10,
        rows=ROWS,
        epochs=8,
        detector_epochs=12,
        batch=16,
        workers=min(max(cores - 2, 1), 14),
    )


def tiny(cores: int) -> Scale:
    """Seconds of everything, nano networks, on two processor cores; says nothing."""
    return Scale(
        width=192,
        height=128,
        frames=8,
        train_sequences=2,
        test_sequences=1,
        people=6,
        networks=_networks("n", "n", "n"),
        timed=4,
        dropped=2,
        rows=ROWS[:2],
        epochs=2,
        detector_epochs=1,
        batch=4,
        workers=min(cores, 2),
    )


def _networks(jde: str, yolov5: str, *cstrack: str) -> tuple[Timed, ...]:
    plain = (("ren", "none"), ("reid_head", "basic"))
    return (
        Timed("JDE (YOLOv3)", "jde", jde, tracker="jde"),
        Timed(f"JDE (YOLOv5{yolov5})", "cstrack", yolov5, plain),
        *(Timed(f"CSTrack-{size}", "cstrack", size) for size in cstrack),
    )


def sizes(text: str) -> tuple[str, ...]:
    """Sizes of the models to train, from ``s,l``.

    Raises:
        InputError: none, or one twice.
    """
    given = tuple(part.strip() for part in text.split(",") if part.strip())
    if not given or len(set(given)) < len(given):
        raise InputError(f"--size takes sizes such as s,l, each once, not {text!r}.")
    return given
