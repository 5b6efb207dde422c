"""FairMOT or CenterTrack from the tensors of a published checkpoint."""

from cstrack_bench.errors import InputError
from cstrack_bench.models.center_names import (
    Tensors,
    centertrack_config,
    fairmot_config,
    fill_whole,
    is_published,
    names_fairmot,
)
from cstrack_bench.models.centertrack_network import CenterTrack
from cstrack_bench.models.dla_config import CenterTrackConfig, FairMotConfig
from cstrack_bench.models.fairmot_network import FairMot
from cstrack_bench.models.load_report import LoadReport


def infer_config(tensors: Tensors) -> FairMotConfig | CenterTrackConfig:
    """What network a state dict is of.

    Raises:
        InputError: neither FairMOT nor CenterTrack, or of a width that has no name.
    """
    if not is_published(tensors):
        raise InputError(
            "The tensors are neither of FairMOT nor of CenterTrack: give a checkpoint "
            "of DLA-34 with their heads."
        )
    if names_fairmot(tensors):
        return fairmot_config(tensors)
    return centertrack_config(tensors)


def load_published(
    tensors: Tensors, config: FairMotConfig | CenterTrackConfig | None = None
) -> tuple[FairMot | CenterTrack, LoadReport]:
    """A network with the weights of a published checkpoint.

    Args:
        tensors: its state dict.
        config: what to build; None infers it.

    Returns:
        The network in evaluation mode, and what became of every tensor.

    Raises:
        InputError: the tensors do not fill the network.
    """
    config = infer_config(tensors) if config is None else config
    network: FairMot | CenterTrack
    if isinstance(config, FairMotConfig):
        network = FairMot(config)
    else:
        network = CenterTrack(config)
    report = fill_whole(network, tensors)
    return network, report
