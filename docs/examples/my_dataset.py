"""A data set of yours, in one file: cameras whose boxes all stand in one CSV file.

Nothing of the package is edited. Name this file wherever a data set is asked for:

    cstrack verify my_dataset.py:DATASET --data DATA
    cstrack evaluate results/ --dataset my_dataset.py:DATASET --data DATA
    cstrack train table2:4 --profile real --data DATA
        --set data.dataset=my_dataset.py:DATASET --set data.split=my-cameras/last

In an installed package, an entry point gives it a name of its own:

    [project.entry-points."cstrack_bench.datasets"]
    my-cameras = "my_package.my_dataset:DATASET"

The folder DATA/my-cameras/ holds

    frames/hall/000000.jpg …    the frames of each camera, in the order of their names
    boxes.csv                   camera,frame,person,left,top,width,height
                                with frames from 0 and boxes in pixels
"""

import collections.abc as abc
import csv
import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cstrack_bench.components import Component
from cstrack_bench.datasets.evaluation_rules import EvaluationRules
from cstrack_bench.datasets.sequence_dataset import SequenceDataset
from cstrack_bench.datasets.splits import Pair, Split
from cstrack_bench.errors import InputError
from cstrack_bench.formats.mot_files import PEDESTRIAN, Annotations
from cstrack_bench.formats.sequences import Sequence, open_sequence

COLUMNS = ("frame", "person", "left", "top", "width", "height")
FRAMES_A_SECOND = 10.0


@dataclass(frozen=True)
class CsvGroundTruth:
    """The ground truth of one camera.

    The package asks it for three things: ``path``, ``read`` and ``content``.
    """

    path: Path  # what messages name
    camera: str

    def read(self) -> Annotations:
        """All boxes of the camera, as arrays with one entry a box."""
        table = np.array(list(self._rows())).reshape(-1, 6)
        count = len(table)
        return Annotations(
            frames=table[:, 0].astype(np.int64),  # from 0
            ids=table[:, 1].astype(np.int64),
            # x1 y1 x2 y2 in pixels
            boxes=np.concatenate([table[:, 2:4], table[:, 2:4] + table[:, 4:6]], 1),
            marks=np.ones(count),  # 0 would leave a box out of the score
            classes=np.full(count, PEDESTRIAN, np.int64),
            visibility=np.ones(count),
        )

    def content(self) -> abc.Iterator[bytes]:
        """What the boxes of this camera are made of: other content is another run."""
        for row in self._rows():
            yield repr(row).encode()

    def _rows(self) -> abc.Iterator[list[float]]:
        """Frame, person, left, top, width and height of each box of the camera."""
        with self.path.open(encoding="utf-8", newline="") as file:
            lines = csv.DictReader(file)
            for line in lines:
                try:
                    if line["camera"] == self.camera:
                        yield [float(line[key]) for key in COLUMNS]
                except (KeyError, TypeError, ValueError) as error:
                    # An InputError is one sentence for the person at the terminal.
                    where = f"{self.path}, line {lines.line_num}"
                    raise InputError(f"{where}: is no box ({error}).") from None


def last_camera(cameras: abc.Sequence[Sequence]) -> Pair:
    """A split of our own: the last camera is tested on, the others are trained on."""
    if len(cameras) < 2:
        raise InputError("my-cameras/last needs two cameras or more.")
    return list(cameras[:-1]), list(cameras[-1:])


class MyCameras(SequenceDataset):
    """What a data set must say for itself is where its sequences come from.

    The rest is there: how its folder is found below --data, its halves, what a mix
    takes of it, verification, evaluation. ``cstrack_bench.datasets.dataset`` and
    ``sequence_dataset`` list what else may be said in another way.
    """

    def sequences(self, folder: Path, subset: str) -> list[Sequence]:
        """The cameras in the order of their names.

        ``subset`` is train, val or test; we have only training sequences.
        """
        if subset != "train":
            return []
        boxes = folder / "boxes.csv"
        if not boxes.is_file():
            raise InputError(f"{boxes} is absent.")
        # open_sequence takes a folder of frames, a video file, or a MOT sequence.
        cameras = [open_sequence(path) for path in sorted(folder.glob("frames/*"))]
        return [
            dataclasses.replace(
                camera,
                frame_rate=FRAMES_A_SECOND,
                ground_truth=CsvGroundTruth(boxes, camera.name),
            )
            for camera in cameras
        ]


DATASET = MyCameras(
    # Also the name of its folder below --data.
    name="my-cameras",
    # Raise the number whenever the same files would give other boxes: a run is known
    # by it, and runs of before are then not taken for new ones.
    component=Component("dataset my-cameras", 1),
    # What records call the rules, and whose preprocessing trackeval does; MOT17's leave
    # out boxes on distractors, of which we have none.
    rules=EvaluationRules("my-cameras", "MOT17"),
    splits=(Split("my-cameras/last", last_camera),),
)
