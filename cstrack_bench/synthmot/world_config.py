"""What a SynthMOT sequence is made from: its size and its knobs."""

from dataclasses import dataclass, fields

from cstrack_bench.errors import InputError


@dataclass(frozen=True)
class SynthConfig:
    """One sequence; every knob is in [0, 1], 0 switching the difficulty off.

    Attributes:
        width: frame width in pixels.
        height: frame height in pixels; people scale with it.
        frames: frames in the sequence.
        frame_rate: frames per second; people walk 1.0 to 1.6 m/s, so fewer frames
            a second mean larger steps in pixels.
        people: pedestrians in view at a time, about; each sequence draws its own
            number within a quarter of this.
        crowding: share of people in groups, and how much they gather in the middle.
        occlusion: how much street furniture stands between people and camera.
        lookalikes: chance that a new pedestrian has another one's clothes.
        scale_change: share of people walking to or from the camera.
        camera_motion: pan, shake, roll and zoom of the camera.
        light: how far brightness and colour drift.
        blur: motion blur and defocus.
        noise: sensor noise.
        jpeg_quality: 1 to 100.
    """

    width: int = 640
    height: int = 384
    frames: int = 60
    frame_rate: int = 12
    people: int = 12
    crowding: float = 0.5
    occlusion: float = 0.5
    lookalikes: float = 0.25
    scale_change: float = 0.35
    camera_motion: float = 0.5
    light: float = 0.5
    blur: float = 0.5
    noise: float = 0.5
    jpeg_quality: int = 90

    def __post_init__(self) -> None:
        """Check every value.

        Raises:
            InputError: a value outside its range.
        """
        for field in fields(self):
            value = getattr(self, field.name)
            low, high = _RANGES.get(field.name, (0, 1))
            if not low <= value <= high:
                raise InputError(
                    f"SynthMOT setting {field.name} is {value}: give a value from "
                    f"{low} to {high}."
                )


_RANGES: dict[str, tuple[int, int]] = {
    "width": (64, 4096),
    "height": (64, 4096),
    "frames": (1, 100_000),
    "frame_rate": (1, 240),
    "people": (0, 200),
    "jpeg_quality": (1, 100),
}
