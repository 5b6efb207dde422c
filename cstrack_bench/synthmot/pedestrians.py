"""SynthMOT's pedestrians on the ground plane: how they move and keep apart."""

import math
from dataclasses import dataclass

import numpy as np

from cstrack_bench.synthmot.figure import (
    Outfit,
    Pose,
    draw_outfit,
    look_alike,
)
from cstrack_bench.synthmot.geometry import Camera
from cstrack_bench.synthmot.scene import StaticObject
from cstrack_bench.synthmot.world_config import SynthConfig

_STRIDE = 0.82  # metres a cycle of two steps covers, per metre of body height
_LEAST_DISTANCE = 0.55


@dataclass
class Pedestrian:
    """One pedestrian.

    Attributes:
        number: from 1, never used again.
        outfit: what they look like.
        x: metres to the right.
        z: metres away.
        heading: radians; 0 walks away, pi / 2 to the right, pi to the camera.
        goal: the heading they return to.
        pace: metres a second when walking.
        phase: of the walking cycle.
        rest: seconds still to stand.
        going: 0 standing to 1 walking.
    """

    number: int
    outfit: Outfit
    x: float
    z: float
    heading: float
    goal: float
    pace: float
    phase: float
    rest: float
    going: float

    def pose(self) -> Pose:
        """The figure at this moment."""
        swing = 0.36 * self.going * min(1.1, self.pace / 1.3)
        return Pose(self.x, self.z, self.heading, self.phase, swing)


class Crowd:
    """Keeps the number of pedestrians; one that has left never returns."""

    def __init__(
        self,
        config: SynthConfig,
        camera: Camera,
        near: float,
        far: float,
        statics: tuple[StaticObject, ...],
        rng: np.random.Generator,
    ) -> None:
        self._config, self._camera, self._rng = config, camera, rng
        self._near, self._far, self._statics = near, far, statics
        shift = np.abs(camera.motion[:, 0, 2] - camera.motion[0, 0, 2]).max()
        # People also walk where the camera may turn to.
        self._reach = config.width * 0.62 + 0.5 * float(shift)
        share = 2 * self._reach / config.width
        self._wanted = round(1.15 * config.people * (0.75 + 0.5 * rng.random()) * share)
        self._next = 1
        self._paired: set[int] = set()
        self.pedestrians: list[Pedestrian] = []
        for _ in range(self._wanted):
            self._add_pedestrian(anywhere=True)

    def step(self) -> None:
        """Move every pedestrian by one frame's time."""
        seconds = 1.0 / self._config.frame_rate
        push = self._pushes()
        for pedestrian, (dx, dz) in zip(self.pedestrians, push, strict=True):
            self._move(pedestrian, seconds, dx, dz)
        self.pedestrians = [w for w in self.pedestrians if self._is_kept(w)]
        while len(self.pedestrians) < self._wanted:
            self._add_pedestrian(anywhere=False)

    def _move(
        self, pedestrian: Pedestrian, seconds: float, dx: float, dz: float
    ) -> None:
        rng = self._rng
        noise = 2 * rng.random() - 1
        if pedestrian.rest > 0:
            pedestrian.rest -= seconds
        elif rng.random() < 0.02 * seconds:
            pedestrian.rest = 1.0 + 3.0 * rng.random()
        wish = 0.0 if pedestrian.rest > 0 else 1.0
        pedestrian.going += (wish - pedestrian.going) * min(1.0, 4 * seconds)
        if pedestrian.z < self._near and math.cos(pedestrian.goal) < 0:
            pedestrian.goal = math.copysign(math.pi / 2, math.sin(pedestrian.goal))
        if pedestrian.z > self._far and math.cos(pedestrian.goal) > 0:
            pedestrian.goal = math.copysign(math.pi / 2, math.sin(pedestrian.goal))
        turn = math.remainder(pedestrian.goal - pedestrian.heading, 2 * math.pi)
        pedestrian.heading += turn * min(1.0, 1.6 * seconds) + noise * 0.5 * seconds
        speed = pedestrian.pace * pedestrian.going
        pedestrian.x += (speed * math.sin(pedestrian.heading) + dx) * seconds
        pedestrian.z += (speed * math.cos(pedestrian.heading) + dz) * seconds
        pedestrian.z = max(pedestrian.z, 0.7 * self._near)
        cycle = _STRIDE * pedestrian.outfit.size
        pedestrian.phase += 2 * math.pi * speed * seconds / cycle

    def _pushes(self) -> list[tuple[float, float]]:
        """Metres a second each pedestrian is pushed aside by people and furniture."""
        at = np.array([(w.x, w.z) for w in self.pedestrians]).reshape(-1, 2)
        gap = at[:, None] - at[None]
        distance = np.sqrt((gap**2).sum(axis=-1)) + 1e-6
        force = np.maximum(0.0, _LEAST_DISTANCE - distance) / _LEAST_DISTANCE * 1.2
        np.fill_diagonal(force, 0.0)
        total = (gap / distance[..., None] * force[..., None]).sum(axis=1)
        for static in self._statics:
            # Furniture is wide and shallow: people pass before or behind it.
            near_x = np.abs(at[:, 0] - static.x) < static.reach + 0.3
            dz = at[:, 1] - static.z
            inside = near_x & (np.abs(dz) < 0.75)
            total[:, 1] += np.where(inside, np.where(dz >= 0, 1.0, -1.0) * 0.9, 0.0)
        return [(float(a), float(b)) for a, b in total]

    def _is_kept(self, pedestrian: Pedestrian) -> bool:
        column = pedestrian.x * self._camera.focal / pedestrian.z
        gone = (
            abs(column) > self._reach + 30 and column * math.sin(pedestrian.heading) > 0
        )
        return not gone and abs(column) < self._reach * 1.6

    def _add_pedestrian(self, anywhere: bool) -> None:
        rng, config = self._rng, self._config
        draw = rng.random(8)
        depth = self._depth(float(draw[0]))
        column = (2 * draw[1] - 1) * self._reach * (1 - 0.25 * config.crowding)
        if draw[2] < config.scale_change:
            toward = draw[3] < 0.7
            goal = (math.pi if toward else 0.0) + (draw[4] - 0.5) * 0.9
            if toward and anywhere:
                depth = max(depth, self._near * 1.5)
        else:
            goal = math.copysign(math.pi / 2, draw[3] - 0.5) + (draw[4] - 0.5) * 0.7
        pace = 0.95 + 0.6 * float(draw[5])
        if not anywhere:
            # From the side they walk away from, just outside the picture.
            column = math.copysign(self._reach, -math.sin(goal))
        x = column * depth / self._camera.focal
        friends = [w for w in self.pedestrians if w.rest <= 0]
        if anywhere and friends and draw[6] < 0.5 * config.crowding:
            friend = friends[int(draw[7] * len(friends))]
            goal, pace = friend.goal, friend.pace
            side = friend.heading + math.pi / 2
            x = friend.x + 0.7 * math.sin(side)
            depth = max(friend.z + 0.7 * math.cos(side), 0.8 * self._near)
        rest = 2.5 * rng.random() if anywhere and rng.random() < 0.12 else 0.0
        self.pedestrians.append(
            Pedestrian(
                number=self._next,
                outfit=self._new_outfit(),
                x=float(x),
                z=float(depth),
                heading=float(goal),
                goal=float(goal),
                pace=float(pace),
                phase=2 * math.pi * rng.random(),
                rest=rest,
                going=0.0 if rest else 1.0,
            )
        )
        self._next += 1

    def _depth(self, share: float) -> float:
        """Uniform in picture height between the farthest and the nearest, mostly."""
        low, high = 1 / self._far, 1 / self._near
        return 1 / (low + (high - low) * share**1.25)

    def _new_outfit(self) -> Outfit:
        rng = self._rng
        if rng.random() < self._config.lookalikes:
            # Pairs, not crowds: a pedestrian that has a look-alike gets no second one.
            single = [w for w in self.pedestrians if w.number not in self._paired]
            if single:
                other = single[int(rng.random() * len(single))]
                self._paired |= {other.number, self._next}
                return look_alike(rng, other.outfit)
        return draw_outfit(rng)
