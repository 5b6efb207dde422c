"""What a network starts from."""

import torch

from cstrack_bench.models.cstrack import CSTrack
from cstrack_bench.models.cstrack_config import make_config
from cstrack_bench.systems.starts import transfer


def test_equal_names_and_shapes_are_copied_and_the_rest_is_not() -> None:
    torch.manual_seed(0)
    detector = CSTrack(make_config("n", ren="none", reid_head="basic"))
    torch.manual_seed(1)
    network = CSTrack(make_config("n"))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    copied = set(transfer(detector, network))
    after = network.state_dict()
    given = detector.state_dict()
    assert any(name.startswith("backbone.") for name in copied)
    for name, value in after.items():
        expected = given[name] if name in copied else before[name]
        assert torch.equal(value, expected), name
    assert not any(name.startswith(("reid.", "ren.")) for name in copied)


def test_another_width_takes_nothing_that_does_not_fit() -> None:
    detector = CSTrack(make_config("n", ren="none", reid_head="basic"))
    wider = CSTrack(make_config("s"))
    shapes = {n: v.shape for n, v in wider.state_dict().items()}
    copied = transfer(detector, wider)
    assert all(shapes[name] == detector.state_dict()[name].shape for name in copied)
    assert {n: v.shape for n, v in wider.state_dict().items()} == shapes


def test_another_row_hands_on_its_reid_head_too() -> None:
    torch.manual_seed(0)
    first = CSTrack(make_config("n"))
    torch.manual_seed(1)
    second = CSTrack(make_config("n"))
    copied = transfer(first, second, reid=True)
    assert set(copied) == set(first.state_dict())
    assert any(name.startswith("reid.") for name in copied)
