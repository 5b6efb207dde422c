"""Some epochs of training in float64; the losses of each go to a file.

python steps_of_a_system.py SYSTEM DATA OUTPUT, alone or by torchrun.
"""

import json
import sys
from pathlib import Path

import torch
from torch import Tensor, nn

from cstrack_bench.experiments.plan import make_plan
from cstrack_bench.formats.sequences import list_sequences
from cstrack_bench.systems.system import TrainingOptions
from cstrack_bench.systems.system_registry import build_network, find_system
from cstrack_bench.training.distributed import join_world
from cstrack_bench.training.loop import seed_everything, train
from cstrack_bench.training.train_config import TrainConfig

#: DeepSORT's network is not here: its dropout draws in each process anew.
ROWS = {
    "cstrack": "table2:4",
    "jde": "table1:1",
    "fairmot": "table6:24",
    "centertrack": "table6:22",
}
#: Seven images: one step of four, one of three, whose parts are not equal. Steps are
#: short: in four long ones an untrained network makes of a difference of 1e-12 in its
#: weights one of 1e-2 in the loss.
CONFIG = TrainConfig(
    epochs=10,
    batch=4,
    nominal_batch=4,
    lr=0.00005,
    momentum=0.0,
    nesterov=False,
    clip_norm=1.0,
    warmup_epochs=0.0,
    warmup_iterations=0,
    precision="float32",
    workers=0,
)


class Exact(nn.Module):
    """A network in float64, in which the order of sums is no matter; gives float32."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network.double()

    def forward(self, *inputs: Tensor) -> object:
        return single(self.network(*(one.double() for one in inputs)))


def single(output: object) -> object:
    """Tensors, and named tuples and tuples of them, in float32."""
    if isinstance(output, Tensor):
        return output.float()
    if not isinstance(output, tuple):
        return output
    parts = map(single, output)
    made = getattr(output, "_make", tuple)
    return made(parts)


def main(name: str, data: Path, output: Path) -> None:
    torch.set_num_threads(1)
    table, row = ROWS[name].split(":")
    settings = make_plan(table, data, "smoke", [int(row)]).runs[0].settings
    system = find_system(settings.system)
    options = TrainingOptions((128, 192), settings.augment, 0)
    sequences = [one.part(0, 7) for one in list_sequences(data, "train")]
    dataset = system.training_images(sequences, settings.model, options)
    seed_everything(0)
    network = build_network(system, settings.model)
    loss = system.loss(network, dataset.identities, settings.loss)
    device = torch.device("cpu")
    world = join_world(device, CONFIG.batch)
    found: list[dict[str, float]] = []
    checkpoint = output.with_suffix(".ckpt")
    train(
        Exact(network),
        loss,
        dataset,
        CONFIG,
        checkpoint,
        name,
        0,
        device,
        world,
        on_epoch=lambda position: found.append(position.losses),
    )
    if world.main:
        output.write_text(json.dumps([len(dataset), found]))
    world.leave()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
