"""Train a supernet adversarially, with sampled paths in every step."""

import time
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from rnas._typing import Integers
from rnas.data.dataset import Split
from rnas.errors import DivergedError
from rnas.nas.space import SearchSpace
from rnas.nas.supernet.settings import Sampling, require_trainable
from rnas.nas.supernet.shared_space import SharesWeights
from rnas.nas.supernet.supernet import Path, Supernet, sharing
from rnas.networks.architecture import Architecture
from rnas.training._batches import MiniBatch, mini_batches
from rnas.training.inner_attack import PGDInner
from rnas.training.losses._batch import Batch
from rnas.training.plan import Plan
from rnas.training.recipe import Recipe
from rnas.training.search_cost import SearchCost, training_cost
from rnas.training.trainer import Check

_EPOCH_SEED = 1_000_003
_STEP_SEED = 7_919
_PATH_SEED = 6_151


class SupernetTrainer:
    """Train the shared weights in place, epoch by epoch.

    Every step passes one batch through each sampled path, and moves the shared weights by the mean gradient. The inner
    attack of a path uses the statistics of the batch, because a path has no running ones. A shared tensor that no
    sampled path has does not move. An epoch depends only on the weights before it, the seed and the epoch's number.

    Args:
        supernet: the weights, on the device of the images.
        split: training images; the fidelity says how many are taken from its beginning.
        plan: recipe, fidelity and epsilon.
        seed: seed of the paths, of the order of images and of their noise.
        sampling: how paths are sampled.
        extra: extra images on the same device, for a recipe with an extra fraction.

    Attributes:
        epoch: number of epochs done.

    Raises:
        InputError: the recipe has something that sampled paths cannot have.
    """

    def __init__(
        self,
        supernet: Supernet,
        split: Split,
        plan: Plan,
        seed: int,
        sampling: Sampling = "uniform",
        extra: Split | None = None,
    ) -> None:
        require_trainable(plan.recipe)
        self.epoch = 0
        self._supernet = supernet
        self._split = split.first(plan.images(len(split)))
        self._extra = extra
        self._plan = plan
        self._seed = seed
        self._sampling = sampling
        attack = plan.inner_attack
        self._attack = None
        if isinstance(attack, PGDInner):
            self._attack = attack.model_copy(update={"mode": "train"}).attack(plan.epsilon)
        self._optimizer = torch.optim.SGD(
            _groups(supernet, plan.recipe),
            lr=plan.recipe.learning_rate,
            momentum=plan.recipe.momentum,
            nesterov=plan.recipe.nesterov,
        )

    def epochs(self, check: Check = lambda share: None) -> Iterator[Mapping[str, float]]:
        """Run the remaining epochs and yield one mapping for each.

        It has ``epoch``, counted from 1; ``loss`` and ``train_robust_accuracy`` on the adversarial images, as means
        over paths; ``learning_rate`` of the last step; and ``seconds``.

        Raises:
            DivergedError: a loss or a weight is not finite.
        """
        while self.epoch < self._plan.fidelity.epochs:
            yield self._epoch(check)

    def _epoch(self, check: Check) -> dict[str, float]:
        started = time.perf_counter()
        plan, images = self._plan, len(self._split)
        epoch_seed = self._seed * _EPOCH_SEED + self.epoch
        losses: list[Tensor] = []
        right: list[Tensor] = []
        first = self.epoch * plan.epoch_steps(images)
        with plan.recipe.numerics.active(self._split.pixels.device):
            for step, batch in enumerate(mini_batches(self._split, self._extra, plan, epoch_seed), first):
                check(step / plan.steps(images))
                self._set_rates(step)
                paths = sampled(self._supernet.space, self._sampling, [_PATH_SEED, self._seed, step])
                for architecture in paths:
                    loss, accuracy = self._pass(architecture, batch, epoch_seed * _STEP_SEED, 1 / len(paths))
                    losses.append(loss)
                    right.append(accuracy)
                self._descend()
        mean_loss = torch.stack(losses).mean().item()
        if not np.isfinite(mean_loss):
            raise DivergedError(f"the training loss is not finite in epoch {self.epoch + 1}")
        if not all(torch.isfinite(weight).all() for weight in self._supernet.weights.values()):
            raise DivergedError(f"a weight is not finite after epoch {self.epoch + 1}")
        self.epoch += 1
        return {
            "epoch": self.epoch,
            "loss": mean_loss,
            "train_robust_accuracy": torch.stack(right).mean().item(),
            "learning_rate": self._optimizer.param_groups[0]["lr"],
            "seconds": time.perf_counter() - started,
        }

    def _pass(self, architecture: Architecture, batch: MiniBatch, seed: int, share: float) -> tuple[Tensor, Tensor]:
        """Add a share of the gradient of one path; its loss and its accuracy on the adversarial images."""
        recipe = self._plan.recipe
        path: Path = self._supernet.path(architecture)
        network = path.network.train()
        adversarial = batch.images
        if self._attack is not None:
            adversarial = self._attack(network, batch.images, batch.targets, batch.ids, seed)
        value = recipe.loss(
            Batch(
                batch.images,
                adversarial,
                batch.targets,
                recipe.label_smoothing,
                clean_forward=network,
                forward=network,
            )
        )
        torch.autograd.backward(value.loss)
        self._supernet.gather(path, share)
        accuracy = (value.logits.detach().argmax(1) == batch.labels).double().mean()
        return value.loss.detach(), accuracy

    def _descend(self) -> None:
        weights = list(self._supernet.weights.values())
        if self._plan.recipe.clip_norm is not None:
            nn.utils.clip_grad_norm_(weights, self._plan.recipe.clip_norm)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)

    def _set_rates(self, step: int) -> None:
        recipe = self._plan.recipe
        progress = self._plan.progress(step, len(self._split))
        momentum = recipe.schedule.momentum(progress)
        for group in self._optimizer.param_groups:
            group["lr"] = recipe.learning_rate * recipe.schedule.factor(progress)
            group["momentum"] = recipe.momentum if momentum is None else momentum

    def state(self) -> dict[str, Tensor]:
        """Return everything that the next epoch depends on, as tensors by name; training changes them in place."""
        state: dict[str, Tensor] = {f"model.{name}": weight for name, weight in self._supernet.weights.items()}
        for name, weight in self._supernet.weights.items():
            momentum = self._optimizer.state.get(weight, {}).get("momentum_buffer")
            if momentum is not None:
                state[f"momentum.{name}"] = momentum
        return state | {"epoch": torch.tensor(self.epoch)}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Continue a training of the same plan from its :meth:`state`."""
        self._supernet.load({name[6:]: tensor for name, tensor in state.items() if name.startswith("model.")})
        for name, weight in self._supernet.weights.items():
            self._optimizer.state.pop(weight, None)
            momentum = state.get(f"momentum.{name}")
            if momentum is not None:
                self._optimizer.state[weight]["momentum_buffer"] = torch.empty_like(weight).copy_(momentum)
        self.epoch = int(state["epoch"])


def supernet_cost(plan: Plan, held: int, sampling: Sampling, space: SearchSpace) -> SearchCost:
    """Count the images of the training of a supernet."""
    recipe = plan.recipe.model_copy(update={"statistics": "adversarial"})
    counted = Plan(recipe, plan.fidelity, plan.epsilon, plan.num_classes, plan.augmentation)
    return training_cost(counted, held) * paths_per_step(space, sampling)


def paths_per_step(space: SearchSpace, sampling: Sampling) -> int:
    """Return the number of paths of a step."""
    return 3 if sampling == "sandwich" and _width_columns(space) else 1


def sampled(space: SearchSpace, sampling: Sampling, seed: Sequence[int]) -> list[Architecture]:
    """Return the paths of a step; they depend on their arguments alone."""
    rng = np.random.default_rng(list(seed))
    genome: Integers = space.repair(space.uniform(1, rng), rng)[0]
    genomes = [genome]
    columns = _width_columns(space)
    if sampling == "sandwich" and columns:
        for ends in (space.sizes - 1, np.zeros_like(space.sizes)):
            other = genome.copy()
            other[columns] = ends[columns]
            genomes.append(other)
    return [space.decode(one) for one in genomes]


def _width_columns(space: SearchSpace) -> list[int]:
    shares: SharesWeights = sharing(space)
    return [column for column, variable in enumerate(space.variables) if variable.name in shares.widths]


def _groups(supernet: Supernet, recipe: Recipe) -> list[dict[str, object]]:
    """Return the shared tensors in groups by their weight decay, as a stand-alone training has them."""
    decaying: list[nn.Parameter] = []
    kept: list[nn.Parameter] = []
    for name, weight in supernet.weights.items():
        decays = recipe.decay_biases or weight.ndim > 1
        if name in supernet.normalization:
            decays = recipe.decay_normalization
        (decaying if decays else kept).append(weight)
    groups: list[dict[str, object]] = [
        {"params": decaying, "weight_decay": recipe.weight_decay},
        {"params": kept, "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]
