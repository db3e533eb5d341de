from collections.abc import Mapping
from typing import Any

import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from rnas import registry
from rnas.attacks.pgd import PGD
from rnas.data.dataset import divide
from rnas.data.digits import load as load_digits
from rnas.data.splits import SplitSizes
from rnas.errors import DivergedError, InputError
from rnas.networks.modules._drop_path import DropPath
from rnas.training.plan import Plan
from rnas.training.recipe import Recipe
from rnas.training.trainer import Trainer
from tests.rnas.training.digits import EPSILON, EXTRA, TRAINING, coloured, network, plan

IMAGES, FURTHER = coloured(TRAINING).first(60), coloured(EXTRA).first(40)

KINDS: list[str | dict[str, Any]] = [
    *registry.names(registry.RECIPES),
    {"name": "sat", "averaging": {"name": "swa", "start": 0.3}},
    {"name": "sat", "averaging": {"name": "ema", "decay": 0.9}, "cutmix": 1.0},
    {"name": "free", "numerics": {"channels_last": False}, "l1": 1e-4},
    {"name": "trades", "numerics": {"precision": "bfloat16"}, "clip_norm": 1.0},
]


def kind(recipe: object) -> str:
    return recipe if isinstance(recipe, str) else "-".join(str(value) for value in [*recipe.values()][:2])  # type: ignore[attr-defined]


def started(recipe: str | Mapping[str, Any], seed: int = 0, drawn: int = 0) -> Trainer:
    return Trainer(network(drawn, 3, 4), IMAGES, plan(recipe, epochs=3, batch_size=20), seed, FURTHER)


def timeless(history: list[Mapping[str, float]]) -> list[dict[str, float]]:
    return [{name: value for name, value in point.items() if name != "seconds"} for point in history]


def weights(training: Trainer) -> dict[str, Tensor]:
    named = [("trained", training.model), ("result", training.result)]
    return {f"{of}.{name}": tensor for of, model in named for name, tensor in model.state_dict().items()}


def assert_equal(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    assert [name for name, tensor in one.items() if not torch.equal(tensor, other[name])] == []


@pytest.mark.parametrize("recipe", KINDS, ids=kind)
def test_interrupted_after_any_epoch_it_ends_the_same(recipe: str | dict[str, Any]) -> None:
    straight = started(recipe)
    history = list(straight.epochs())
    resumed, points = started(recipe), []
    while resumed.epoch < 3:
        points.append(next(iter(resumed.epochs())))
        stored = save({name: tensor.contiguous() for name, tensor in resumed.state().items()})
        state = load(stored)
        resumed = started(recipe, drawn=7)
        resumed.load(state)
        # What was loaded from stays as it was.
        assert_equal(state, load(stored))
    assert timeless(points) == timeless(history)
    assert_equal(weights(resumed), weights(straight))
    assert_equal(resumed.state(), straight.state())
    assert not straight.overfitted
    assert list(straight.epochs()) == []


def test_a_state_that_was_loaded_may_be_loaded_again() -> None:
    first = started("free")
    next(iter(first.epochs()))
    state = {name: tensor.clone() for name, tensor in first.state().items()}
    ends = []
    for _ in range(2):
        again = started("free", drawn=3)
        again.load(state)
        list(again.epochs())
        ends.append(weights(again))
    assert_equal(*ends)


@pytest.mark.parametrize("recipe", ["sat", "aat", "free", "fgsm-rs"])
def test_the_first_state_of_all_begins_anew(recipe: str) -> None:
    straight = started(recipe)
    list(straight.epochs())
    again = started(recipe)
    state = {name: tensor.clone() for name, tensor in again.state().items()}
    next(iter(again.epochs()))
    again.load(state)
    assert again.epoch == 0
    list(again.epochs())
    assert_equal(weights(again), weights(straight))


@pytest.mark.parametrize("recipe", ["short-sat", "aat", "free"])
def test_the_seed_alone_decides(recipe: str) -> None:
    def run(seed: int, elsewhere: int) -> tuple[list[dict[str, float]], dict[str, Tensor]]:
        torch.manual_seed(elsewhere)
        training = started(recipe, seed)
        state = torch.get_rng_state()
        history = timeless(list(training.epochs()))
        assert torch.equal(torch.get_rng_state(), state)
        return history, weights(training)

    (history, found), (same, again), (other, _) = run(0, 1), run(0, 2), run(1, 1)
    assert history == same != other
    assert_equal(found, again)


def stochastic(drawn: int = 0, dropout: float = 0.25) -> nn.Module:
    """A network with dropout and two residual branches that may be left out."""

    class Branch(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.path = nn.Conv2d(3, 3, 3, padding=1), DropPath()

        def forward(self, images: Tensor) -> Tensor:
            return images + self.path(self.inner(images))

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(drawn)
        return nn.Sequential(Branch(), Branch(), nn.Dropout(dropout), network(drawn, 3, 4))


def test_a_network_that_draws_is_resumed_to_the_same_and_leaves_the_generators() -> None:
    def begun(drawn: int = 0) -> Trainer:
        recipe = {"name": "liu", "drop_path": 0.5, "learning_rate": 0.01}
        return Trainer(stochastic(drawn), IMAGES, plan(recipe, epochs=3, batch_size=20), 0)

    straight = begun()
    before = torch.get_rng_state()
    history = timeless(list(straight.epochs()))
    assert torch.equal(torch.get_rng_state(), before)
    stopped = begun()
    points = [next(iter(stopped.epochs())) for _ in range(2)]
    torch.manual_seed(5)
    resumed = begun(7)
    resumed.load({name: tensor.clone() for name, tensor in stopped.state().items()})
    points += list(resumed.epochs())
    assert timeless(points) == history
    assert_equal(weights(resumed), weights(straight))
    assert [module.rate for module in straight.model.modules() if isinstance(module, DropPath)] == [0.0, 0.5]
    kept = Trainer(stochastic(dropout=0), IMAGES, plan("liu", epochs=3, batch_size=20), 0)
    assert timeless(list(kept.epochs())) != history


def test_drop_path_needs_branches_that_can_be_left_out() -> None:
    with pytest.raises(InputError, match="this network has no residual branches that can be left out: set"):
        Trainer(network(0, 3, 4), IMAGES, plan({"name": "liu", "drop_path": 0.1}), 0)


class Watched(nn.Module):
    """Notes all that it is shown."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.network = network(width, width=width)
        self.shown: list[Tensor] = []

    def forward(self, images: Tensor) -> Tensor:
        self.shown.append(images.detach().clone())
        logits: Tensor = self.network(images)
        return logits


def test_order_augmentation_and_noise_are_the_same_for_all_networks() -> None:
    # Steps of no size leave the images with their noise. A folded network would be shown them unwatched.
    recipe = {
        "name": "bat",
        "inner_attack": {"steps": 1, "step": 0},
        "cutmix": 1.0,
        "extra_fraction": 0.3,
        "numerics": {"folding": False},
    }
    recipe["numerics"] = {"folding": False}
    shown = []
    for width in (2, 5):
        watched = Watched(width)
        bare = plan(recipe, batch_size=20)
        augmented = Plan(bare.recipe, bare.fidelity, bare.epsilon, 10, ("crop", "flip"))
        list(Trainer(watched, TRAINING.first(60), augmented, 5, EXTRA).epochs())
        shown.append(torch.stack(watched.shown))
    assert torch.equal(*shown)
    # Clean for the divergence, the attack's start, and clean and crafted for the loss: of two epochs with three steps.
    assert shown[0].shape == (24, 20, 1, 8, 8)
    steps = shown[0].reshape(6, 4, -1)
    noise = (steps[:, 1] - steps[:, 0]).double()
    assert noise.std() == pytest.approx(0.1 * 51 / 1600, rel=0.05)
    assert noise.corrcoef().fill_diagonal_(0).abs().max() < 0.1


@pytest.mark.parametrize(
    ("recipe", "moves"),
    [
        ("standard", 1),
        ("sat", 1),
        ("bat", 2),
        ("advrush", 2),
        ("bat-mart", 2),
        ("aat", 1),
        ("sat-awp", 1),
        ({"name": "trades-awp", "weight_perturbation": {"start": 0}}, 2),
        ("n-fgsm", 1),
        ("free", 8),
        ("robnet", 8),
        ({"name": "trades", "inner_attack": {"mode": "train-updating", "steps": 3}}, 6),
        ({"name": "sat", "averaging": {"name": "swa", "start": 0}}, 1),
    ],
    ids=str,
)
def test_how_often_a_step_moves_the_statistics_of_batch_normalisation(recipe: str | dict[str, Any], moves: int) -> None:
    training = started(recipe)
    list(training.epochs())
    # Three epochs of three steps.
    assert training.model[1].num_batches_tracked.item() == 9 * moves


def test_statistics_follow_the_batch_at_first_and_slowly_then() -> None:
    training = started("aat")
    momenta: list[float] = []

    def watch(_module: nn.Module, *_: object) -> None:
        if training.model[1].training and training.model[1].track_running_stats:
            momenta.append(training.model[1].momentum)

    training.model[1].register_forward_hook(watch)
    list(training.epochs())
    assert momenta == [1.0] + [0.01] * 8


def test_history_tells_epoch_loss_accuracy_and_learning_rate() -> None:
    training = Trainer(network(), TRAINING, plan("bat", epochs=4, batch_size=100), 0)
    history = list(training.epochs())
    assert [point["epoch"] for point in history] == [1, 2, 3, 4]
    assert [point["learning_rate"] for point in history] == pytest.approx([0.1, 0.1, 0.1, 0.01])
    assert history[-1]["loss"] < history[0]["loss"]
    assert 0 <= history[0]["train_robust_accuracy"] < history[-1]["train_robust_accuracy"] <= 1
    assert all(point["seconds"] > 0 for point in history)
    assert all(point.keys() == history[0].keys() and "guarded_accuracy" not in point for point in history)


def test_check_is_told_the_share_done_and_may_stop() -> None:
    shares: list[float] = []

    def check(share: float) -> None:
        shares.append(share)
        if share >= 0.5:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        list(Trainer(network(), TRAINING.first(80), plan("sat", batch_size=20), 0).epochs(check))
    assert shares == [0, 0.125, 0.25, 0.375, 0.5]


def test_the_seconds_of_a_step_are_those_of_a_clock_that_waits_for_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def clock(device: str) -> float:
        asked.append(device)
        return 3.0 * len(asked)

    monkeypatch.setattr("rnas.training.trainer.now", clock)
    training = Trainer(network(), TRAINING.first(80), plan("sat", batch_size=20, attack_steps=1), 0)
    assert training.step_seconds(2, seconds=100.0) == 3.0
    # Before each of two steps, and before the one that is not taken.
    assert asked == ["cpu"] * 3


def test_a_fidelity_takes_the_first_images() -> None:
    few = Trainer(network(), TRAINING, plan("sat", batch_size=20, images=40), 0)
    same = Trainer(network(), TRAINING.first(40), plan("sat", batch_size=20), 0)
    assert timeless(list(few.epochs())) == timeless(list(same.epochs()))


@pytest.mark.parametrize("name", ["aat", "rst"])
def test_extra_images_must_be_given_where_a_recipe_takes_them(name: str) -> None:
    with pytest.raises(InputError, match=f"recipe {name} takes .*% of each batch from extra data: .* as extra"):
        Trainer(network(), TRAINING, plan(name), 0)
    Trainer(network(), TRAINING, plan({"name": name, "extra_fraction": 0}), 0)


@pytest.mark.parametrize("each", [1, 4, 20])
def test_a_loss_that_is_not_finite_stops_the_training(each: int) -> None:
    steps = plan("sat", epochs=3, batch_size=80 // each)
    training = Trainer(network(), TRAINING.first(80), steps, 0)

    def spoil(share: float) -> None:
        if training.epoch == 1:
            training.model[0].weight.data.fill_(torch.inf)

    with pytest.raises(DivergedError, match="the training loss is not finite in epoch 2"):
        list(training.epochs(spoil))
    assert training.epoch == 1


def test_a_weight_that_is_not_finite_stops_the_training() -> None:
    reckless = {"name": "sat", "learning_rate": 3e38, "l1": 100.0}
    training = Trainer(network(), TRAINING, plan(reckless, batch_size=600), 0)
    with pytest.raises(DivergedError, match="a weight is not finite after epoch 1"):
        list(training.epochs())


class TestGuard:
    """Against catastrophic overfitting."""

    def guarded(self, monkeypatch: pytest.MonkeyPatch, accuracies: list[float], averaging: object = None) -> Trainer:
        """A training whose robust accuracy is said to be this after each epoch."""
        recipe = {"name": "fgsm-rs", "overfitting_guard": 0.2, "averaging": averaging}
        training = Trainer(network(), TRAINING, plan(recipe, epochs=len(accuracies), batch_size=100), 0)
        given = iter(accuracies)
        monkeypatch.setattr(training, "_robust_training_accuracy", lambda: next(given))
        return training

    @pytest.mark.parametrize("averaging", [None, {"name": "ema", "decay": 0.5}])
    def test_a_fall_ends_the_training_with_the_weights_from_before(
        self, monkeypatch: pytest.MonkeyPatch, averaging: object
    ) -> None:
        training = self.guarded(monkeypatch, [0.5, 0.6, 0.41, 0.20, 0.1], averaging)
        states = []
        history = []
        for point in training.epochs():
            history.append(point)
            states.append({name: tensor.clone() for name, tensor in training.state().items()})
        assert [point["guarded_accuracy"] for point in history] == [0.5, 0.6, 0.41, 0.20]
        assert [point["epoch"] for point in history] == [1, 2, 3, 4]
        assert training.overfitted
        assert training.epoch == 3
        last = training.state()
        assert last.pop("overfitted")
        assert not states[2].pop("overfitted")
        assert_equal(last, states[2])

    def test_once_stopped_it_stays_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        training = self.guarded(monkeypatch, [0.5, 0.1, 0.1])
        assert len(list(training.epochs())) == 2
        again = self.guarded(monkeypatch, [0.5, 0.1, 0.1])
        again.load(training.state())
        assert again.overfitted
        assert list(again.epochs()) == []
        assert_equal(again.state(), training.state())

    def test_slow_falls_and_falls_to_the_very_limit_are_borne(self, monkeypatch: pytest.MonkeyPatch) -> None:
        training = self.guarded(monkeypatch, [0.75, 0.5625, 0.4, 0.25, 0.0625])
        assert len(list(training.epochs())) == 5
        assert not training.overfitted

    @pytest.mark.parametrize("batch_size", [7, 100, 600])
    def test_it_looks_at_ten_steps_on_the_first_500_images(self, batch_size: int) -> None:
        recipe = Recipe.resolve({"name": "fgsm-rs", "overfitting_guard": 0.9})
        training = Trainer(network(), TRAINING, plan(recipe, epochs=1, batch_size=batch_size), 3)
        (point,) = training.epochs()
        split = TRAINING.first(500)
        attacked = PGD(EPSILON, 10)(training.model, split.images(slice(None)), split.labels, split.ids, 3)
        right = training.model.eval()(attacked).argmax(1) == split.labels
        assert point["guarded_accuracy"] == pytest.approx(right.double().mean().item())

    def test_looking_changes_nothing(self) -> None:
        ends = []
        for guard in (None, 0.9):
            training = started({"name": "fgsm-rs", "overfitting_guard": guard})
            list(training.epochs())
            ends.append(weights(training))
        assert_equal(*ends)

    def test_a_fall_to_one_far_step_is_caught(self) -> None:
        # Robust after steps of PGD, and then trained on far ends of single steps, with nothing between.
        base = {"name": "fgsm-rs", "learning_rate": 0.1, "overfitting_guard": 0.2}
        robust = plan({**base, "inner_attack": {"steps": 3, "step": "1/2"}}, epochs=9)
        first = Trainer(network(), TRAINING, robust, 0)
        history = first.epochs()
        for _ in range(6):
            point = next(history)
        assert point["guarded_accuracy"] > 0.5
        state = {name: tensor.clone() for name, tensor in first.state().items()}
        far = {"noise": "none", "step": 6, "projection": False}
        second = Trainer(network(seed=1), TRAINING, plan({**base, "inner_attack": far}, epochs=9), 0)
        second.load(state)
        (point,) = second.epochs()
        assert point["guarded_accuracy"] < 0.3
        assert second.overfitted
        assert_equal(second.model.state_dict(), {name: state[f"model.{name}"] for name in second.model.state_dict()})

    @pytest.mark.slow
    def test_catastrophic_overfitting_itself_is_caught(self) -> None:
        split = divide(load_digits(None), SplitSizes(train=1500, search_val=100, test=100), 0)["train"]
        ends = []
        for guard in (None, 0.1):
            recipe = {
                "name": "fgsm-rs",
                "learning_rate": 0.1,
                "weight_decay": 0,
                "inner_attack": {"noise": "none", "step": 5, "projection": False},
                "overfitting_guard": guard,
            }
            training = Trainer(self.deep(), split, plan(recipe, epochs=20), 0)
            history = list(training.epochs())
            seen = split.first(500)
            attacked = PGD(EPSILON, 10)(training.model, seen.images(slice(None)), seen.labels, seen.ids, 0)
            right = training.model.eval()(attacked).argmax(1) == seen.labels
            ends.append((training, history, right.double().mean().item()))
        (_, history, overfitted), (guarded, short, kept) = ends
        # Its own crafted images are no match for it, those of ten steps undo it.
        assert history[-1]["train_robust_accuracy"] > 0.9
        assert overfitted < 0.05
        assert guarded.overfitted
        assert len(short) < 20
        assert kept > 0.15

    def deep(self) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            layers: list[nn.Module] = []
            for inputs, outputs, stride in ((1, 16, 1), (16, 16, 1), (16, 32, 2), (32, 32, 1)):
                convolution = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
                layers += [convolution, nn.BatchNorm2d(outputs), nn.ReLU()]
            return nn.Sequential(*layers, nn.Flatten(), nn.Linear(512, 10))
