import torch

from rnas.networks.modules._drop_path import DropPath


def test_branches_of_some_images_are_left_out_and_their_mean_stays() -> None:
    drop, branch = DropPath(0.25), torch.ones(4000, 2, 3)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        dropped = drop(branch)
    assert set(dropped.unique().tolist()) == {0.0, torch.tensor(1 / 0.75).item()}
    # An image is left out as a whole.
    assert torch.equal(dropped.amin((1, 2)), dropped.amax((1, 2)))
    assert abs(dropped.mean().item() - 1) < 0.05
    assert drop.eval()(branch) is branch
    assert DropPath()(branch) is branch
