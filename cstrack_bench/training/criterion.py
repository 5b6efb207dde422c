"""Which loss trains which system."""

from torch import nn

from cstrack_bench.models.cstrack import CSTrack
from cstrack_bench.models.jde import JDE
from cstrack_bench.models.wide_resnet import WideResNet
from cstrack_bench.training.jde_loss import JdeLoss
from cstrack_bench.training.losses import CSTrackLoss
from cstrack_bench.training.reid_loss import ReidLoss
from cstrack_bench.training.train_config import LossConfig


def make_loss(
    network: CSTrack | JDE | WideResNet, identities: int, config: LossConfig
) -> nn.Module:
    """The loss of a network, with a fresh identity classifier.

    Args:
        network: what is trained.
        identities: classes of the classifier; class 0 is "no identity".
        config: weights and rules.
    """
    if isinstance(network, JDE):
        return JdeLoss(network, identities, config)
    if isinstance(network, WideResNet):
        return ReidLoss(network, identities, config)
    return CSTrackLoss(
        network.anchors,
        network.strides,
        network.config.embedding,
        identities,
        config,
    )
