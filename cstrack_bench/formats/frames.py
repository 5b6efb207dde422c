"""Pictures of a sequence by frame number, from a folder or a video file."""

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cstrack_bench.console import remark_once
from cstrack_bench.errors import InputError
from cstrack_bench.files import check_regular
from cstrack_bench.formats.frame_names import FrameNames, number_frames
from cstrack_bench.formats.names import natural_key
from cstrack_bench.input_limits import PICTURE_PIXELS

PICTURE_SUFFIXES = frozenset(
    {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
)


class Pictures(Protocol):
    """Pictures by 0-based frame number."""

    @property
    def first(self) -> int:
        """Number of the first picture."""
        ...

    @property
    def last(self) -> int:
        """Number of the last picture."""
        ...

    def __len__(self) -> int: ...

    def reaches(self, index: int) -> bool:
        """False where a video turns out to end before this frame."""
        ...

    def read(self, index: int) -> NDArray[np.uint8]:
        """The picture, (H, W, 3) uint8, BGR."""
        ...


class FolderPictures:
    """Pictures that are files.

    Attributes:
        paths: 0-based frame number -> file.
        names: what was made of the files' names.
    """

    def __init__(self, folder: Path, numbered: bool) -> None:
        """List a folder.

        Args:
            folder: may be absent, which is no pictures.
            numbered: the number in a file's name is its frame, counted from 1;
                otherwise its rank in the natural order of the names is.
        """
        self._folder = folder
        files = list_pictures(folder)
        self._count = len(files)
        self.names = FrameNames(dict(enumerate(files)))
        if numbered:
            self.names = number_frames(folder, files)
            if self.names.remark:
                remark_once(f"{self.names.remark}.")
        self.paths = self.names.paths

    @property
    def first(self) -> int:
        """Number of the first picture.

        Raises:
            InputError: the names give no frames.
        """
        self._check_names()
        return next(iter(self.paths))

    @property
    def last(self) -> int:
        """Number of the last picture.

        Raises:
            InputError: the names give no frames.
        """
        self._check_names()
        return next(reversed(self.paths))

    def __len__(self) -> int:
        return self._count

    def _check_names(self) -> None:
        if self.names.problem:
            raise InputError(f"{self.names.problem}.")

    def reaches(self, index: int) -> bool:
        """Always true: a file that is missing is an error when it is read."""
        return True

    def read(self, index: int) -> NDArray[np.uint8]:
        """The picture, (H, W, 3) uint8, BGR.

        Raises:
            InputError: no such file, or not a picture.
        """
        self._check_names()
        if index not in self.paths:
            raise InputError(f"Frame {index + 1} has no picture in {self._folder}.")
        return read_picture(self.paths[index])


class VideoPictures:
    """Pictures of a video file, fastest in order; going back reopens the file."""

    first = 0

    def __init__(self, path: Path) -> None:
        self._path = path
        self._capture: Any = None
        self._next = 0
        self._grabbed = -1
        self._length = video_facts(path)[3]

    def __getstate__(self) -> dict[str, Any]:
        # An open decoder cannot be sent to another process; the file can.
        return {**self.__dict__, "_capture": None, "_next": 0, "_grabbed": -1}

    @property
    def last(self) -> int:
        """Number of the last picture, by the file's header."""
        return self._length - 1

    def __len__(self) -> int:
        return self._length

    def reaches(self, index: int) -> bool:
        """False where the video turns out to end before this frame."""
        if index == self._grabbed:
            return True
        if self._capture is None or index < self._next:
            self._capture, self._next = _open_video(self._path), 0
        while self._next <= index:
            if not self._capture.grab():
                return False
            self._next += 1
        self._grabbed = index
        return True

    def read(self, index: int) -> NDArray[np.uint8]:
        """The picture, (H, W, 3) uint8, BGR.

        Raises:
            InputError: the video ends before it, or cannot be decoded.
        """
        if not self.reaches(index):
            raise InputError(f"{self._path} ends before frame {index + 1}.")
        good, image = self._capture.retrieve()
        if not good:
            raise InputError(f"Cannot decode frame {index + 1} of {self._path}.")
        return image


def open_pictures(path: Path, numbered: bool = False) -> Pictures:
    """The pictures of a folder or of a video file."""
    return VideoPictures(path) if path.is_file() else FolderPictures(path, numbered)


def list_pictures(folder: Path) -> list[Path]:
    """Picture files of a folder in natural order (9.jpg before 10.jpg)."""
    if not folder.is_dir():
        return []
    files = [f for f in folder.iterdir() if f.suffix.lower() in PICTURE_SUFFIXES]
    # macOS archives leave a twin of each file named ._000001.jpg.
    visible = [f for f in files if not f.name.startswith(".")]
    return sorted(visible, key=lambda f: natural_key(f.name))


def read_picture(path: Path) -> NDArray[np.uint8]:
    """A picture file as (H, W, 3) uint8, BGR.

    Raises:
        InputError: no such file, not a picture, or more pixels than are allowed.
    """
    import cv2

    picture_size(path)
    try:
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    except cv2.error:
        image = None
    if image is None:
        raise InputError(f"{path} is not a picture that can be decoded.")
    return np.asarray(image, np.uint8)


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height of a picture file as it is shown, from its header.

    Raises:
        InputError: no such file, not a picture, or more pixels than are allowed.
    """
    from PIL import ExifTags, Image

    # Our own limit is told in a sentence and can be raised.
    Image.MAX_IMAGE_PIXELS = None
    if not path.exists():
        raise InputError(f"{path} is absent.")
    check_regular(path)
    # Damaged headers raise whatever the reader of their format trips over.
    try:
        picture = Image.open(path)
    except Exception as error:
        raise InputError(f"{path} is not a picture that can be decoded.") from error
    with picture:
        width, height = picture.size
        PICTURE_PIXELS.check(width * height, f"{path} ({width}×{height})")
        try:
            # OpenCV turns a picture as the camera says; so must its size be.
            turned = picture.getexif().get(ExifTags.Base.Orientation, 1) >= 5
        except Exception as error:
            raise InputError(f"{path} is not a picture that can be decoded.") from error
    return (height, width) if turned else (width, height)


def video_facts(path: Path) -> tuple[float, int, int, int]:
    """Frames a second, width, height and number of frames of a video file.

    Frames are counted one by one only where the header does not say.

    Raises:
        InputError: not a video.
    """
    import cv2

    capture = _open_video(path)
    rate = float(capture.get(cv2.CAP_PROP_FPS))
    width = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH))
    height = int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    length = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    if length <= 0:
        length = 0
        while capture.grab():
            length += 1
    capture.release()
    if length == 0 or min(width, height) <= 0:
        raise InputError(f"{path} has no frame that can be decoded.")
    PICTURE_PIXELS.check(width * height, f"{path} ({width}×{height})")
    return (rate if rate > 0 else 30.0), width, height, length


def _open_video(path: Path) -> Any:
    import cv2

    capture = cv2.VideoCapture(str(path))
    if not capture.isOpened():
        raise InputError(f"{path} is not a video that can be decoded.")
    return capture
