"""Run one training: the inner loop and all its state."""

import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.dropout import _DropoutNd

from rnas.attacks.pgd import PGD
from rnas.attacks.state import attacking, kept_statistics
from rnas.data.dataset import Split
from rnas.errors import DivergedError, InputError
from rnas.networks.modules._drop_path import DropPath
from rnas.training._average import Average, renew_statistics
from rnas.training._batches import MiniBatch, mini_batches
from rnas.training._cuda_graph import CAPTURES, Graphed
from rnas.training._folding import FoldedNetwork
from rnas.training._graphed_attack import GraphedAttack
from rnas.training._weight_decay import parameter_groups
from rnas.training.inner_attack import FreeAT, PGDInner
from rnas.training.losses._batch import Batch, Value
from rnas.training.plan import Plan
from rnas.training.recipe import Recipe
from rnas.training.weight_perturbation import perturbed
from rnas.utils._devices import now

_EPOCH_SEED = 1_000_003
_STEP_SEED = 7_919
_SEEDS = 2**63
_STEPS_BETWEEN_CHECKS = 16
_GUARD_IMAGES = 500
_GUARD_STEPS = 10

_PARTS = {"momentum_buffer": "momentum", "exp_avg": "mean", "exp_avg_sq": "squares", "step": "steps"}
"""Names in a training's state of what optimisers of torch keep of each parameter, by their own names of it."""

T = TypeVar("T")

Check = Callable[[float], None]
"""Function that is called before every step with the share of the training done, in [0, 1); it raises to stop."""


class _Float32(nn.Module):
    """Convert the logits of a network to float32."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.network(images).float()
        return logits


class _Gradient(NamedTuple):
    """Hold the loss of a batch and its gradient.

    Attributes:
        loss: mean over the batch, a scalar.
        logits: (n, K), logits of the adversarial images.
        gradients: gradient of each parameter, None if the loss does not depend on it.
    """

    loss: Tensor
    logits: Tensor
    gradients: tuple[Tensor | None, ...]


class _EnoughError(Exception):
    """Stop a training that only had to be timed."""


class Trainer:
    """Train a network in place by a plan, epoch by epoch.

    An epoch depends only on the state before it, the seed and the epoch's number: order, augmentation and attack noise
    are the same for every network.

    Args:
        model: network on the device of the images, with initial weights.
        split: training images; the fidelity says how many are taken from its beginning.
        plan: recipe, fidelity and epsilon.
        seed: seed of all random numbers here.
        extra: extra images on the same device, for a recipe with an extra fraction.

    Attributes:
        model: the network under training.
        epoch: number of epochs done.
        overfitted: whether the guard against catastrophic overfitting ended the training.

    Raises:
        InputError: the recipe needs extra images, but none are given; or it has drop path, and the network has none.
    """

    def __init__(self, model: nn.Module, split: Split, plan: Plan, seed: int, extra: Split | None = None) -> None:
        recipe = plan.recipe
        if recipe.extra_fraction and extra is None:
            raise InputError(
                f"recipe {recipe.name} takes {recipe.extra_fraction:.0%} of each batch from extra data: give a file of "
                "them as extra, or set recipe.extra_fraction to 0 to train without them"
            )
        if recipe.drop_path is not None:
            _set_drop_path(model, recipe)
        recipe.numerics.prepare(model)
        self.model = model
        self._draws = any(_draws(module) for module in model.modules())
        self.epoch = 0
        self.overfitted = False
        self._split = split.first(plan.fidelity.images or len(split))
        self._extra = extra
        self._plan = plan
        self._seed = seed
        self._device = split.pixels.device
        self._inner_attack = plan.inner_attack
        self._network = self._prepared(model)
        groups = parameter_groups(model, recipe.weight_decay, recipe.decay_normalization, recipe.decay_biases)
        self._optimizer = _optimizer(recipe, groups)
        self._average = Average(recipe.averaging, model) if recipe.averaging is not None else None
        self._parameters = list(model.parameters())
        self._normalizations = [module for module in model.modules() if isinstance(module, _NormBase)]
        self._capture = CAPTURES.get(self._device.type) if recipe.numerics.cuda_graphs else None
        self._graphs: list[GraphedAttack | Graphed[Any]] = []
        self._attack: Callable[[Tensor, Tensor, Tensor, int], Tensor] | None = None
        if isinstance(self._inner_attack, PGDInner):
            self._attack = self._attacker(self._inner_attack)
        self._clean_pass = self._graphed(self._see)
        self._pass = self._graphed(self._gradient)
        self._perturbing_pass = self._graphed(self._perturbing_gradient)
        self._perturbation = torch.zeros(0, device=self._device)
        self._guarded_accuracy = 0.0

    @property
    def result(self) -> nn.Module:
        """Return the network trained so far: the average of its weights if the recipe has one."""
        if self._average is not None and self._average.started:
            return self._average.model
        return self.model

    @property
    def graph_failure(self) -> str:
        """Return why a part of a step runs without the CUDA graph that the recipe asks for; empty where none does."""
        return next((graph.failure for graph in self._graphs if graph.failure), "")

    def epochs(self, check: Check = lambda share: None) -> Iterator[Mapping[str, float]]:
        """Run the remaining epochs and yield one mapping for each.

        It has ``epoch``, counted from 1; ``loss``; ``train_robust_accuracy`` on the adversarial images;
        ``learning_rate`` of the last step; ``seconds``; and ``guarded_accuracy`` if there is a guard.

        Raises:
            DivergedError: a loss or a weight is not finite.
        """
        guard = self._plan.recipe.overfitting_guard
        while self.epoch < self._plan.fidelity.epochs and not self.overfitted:
            before = {name: tensor.clone() for name, tensor in self.state().items()} if guard else {}
            point = self._epoch(check)
            if guard:
                accuracy = self._robust_training_accuracy()
                point["guarded_accuracy"] = accuracy
                if accuracy < self._guarded_accuracy - guard:
                    self.load(before)
                    self.overfitted = True
                else:
                    self._guarded_accuracy = accuracy
            yield point

    def step_seconds(self, steps: int = 8, seconds: float = 5.0) -> float:
        """Run a few steps of the last epoch, and return the median time of one, in seconds.

        The last epoch has all that a recipe begins late. The training cannot be continued afterwards.

        Args:
            steps: number of steps, at most.
            seconds: time after which no further step begins.
        """
        self.epoch = self._plan.fidelity.epochs - 1
        moments: list[float] = []

        def check(_share: float) -> None:
            moments.append(now(str(self._device)))
            if len(moments) > steps or moments[-1] - moments[0] > seconds:
                raise _EnoughError

        with suppress(_EnoughError):
            for _ in self.epochs(check):
                pass
            moments.append(now(str(self._device)))
        return median(after - before for before, after in pairwise(moments))

    def state(self) -> dict[str, Tensor]:
        """Return everything that the next epoch depends on, as tensors by name; training changes them in place."""
        state = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        for name, parameter in self.model.named_parameters():
            for part, tensor in self._optimizer.state.get(parameter, {}).items():
                if tensor is not None:
                    state[f"{_PARTS[part]}.{name}"] = tensor
        if self._average is not None:
            state |= {f"average.{name}": tensor for name, tensor in self._average.state().items()}
        return state | {
            "perturbation": self._perturbation,
            "epoch": torch.tensor(self.epoch),
            "overfitted": torch.tensor(self.overfitted),
            "guarded_accuracy": torch.tensor(self._guarded_accuracy, dtype=torch.float64),
        }

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Continue a training of the same plan from its :meth:`state`."""
        self.model.load_state_dict(_under("model.", state))
        for parameter in self.model.parameters():
            self._optimizer.state.pop(parameter, None)
        for part, prefix in _PARTS.items():
            stored = _under(f"{prefix}.", state)
            for name, parameter in self.model.named_parameters():
                if name in stored:
                    # A buffer needs the memory format of the parameter; the number of steps is a single number.
                    tensor = stored[name]
                    like = parameter if tensor.shape == parameter.shape else tensor.to(self._device)
                    self._optimizer.state[parameter][part] = torch.empty_like(like).copy_(tensor)
        if self._average is not None:
            self._average.load(_under("average.", state))
        # A copy is needed because training changes it in place.
        self._perturbation = state["perturbation"].to(self._device, copy=True)
        self.epoch = int(state["epoch"])
        self.overfitted = bool(state["overfitted"])
        self._guarded_accuracy = float(state["guarded_accuracy"])

    def _epoch(self, check: Check) -> dict[str, float]:
        started = time.perf_counter()
        plan, images = self._plan, len(self._split)
        steps = plan.epoch_steps(images)
        epoch_seed = self._seed * _EPOCH_SEED + self.epoch
        losses: list[Tensor] = []
        checked = 0
        right, seen = torch.zeros((), device=self._device), 0
        with plan.recipe.numerics.active(self._device), self._kept_generators():
            batches = mini_batches(self._split, self._extra, plan, epoch_seed)
            for step, batch in enumerate(batches, self.epoch * steps):
                check(step / plan.steps(images))
                self._set_rates(step)
                if self._draws:
                    # So that a training that is resumed draws as one that never stopped.
                    torch.manual_seed((epoch_seed * _STEP_SEED + step + 1) % _SEEDS)
                for value in self._step(batch, step, epoch_seed * _STEP_SEED):
                    losses.append(value.loss.detach())
                    right += (value.logits.detach().argmax(1) == batch.labels).sum()
                    seen += len(batch.labels)
                if self._average is not None:
                    self._average.after_step(self.model, plan.progress(step, images))
                # Reading a loss waits for the device, so the losses of several steps are read together.
                if (step + 1) % _STEPS_BETWEEN_CHECKS == 0:
                    self._require_finite(losses[checked:])
                    checked = len(losses)
        self._require_finite(losses[checked:])
        if not torch.stack([torch.isfinite(parameter).all() for parameter in self.model.parameters()]).all():
            raise DivergedError(f"a weight is not finite after epoch {self.epoch + 1}")
        if self._average is not None:
            self._average.after_epoch(self.model, plan.progress(self.epoch * steps, images), self._renew_statistics)
        self.epoch += 1
        return {
            "epoch": self.epoch,
            "loss": torch.stack(losses).mean().item(),
            "train_robust_accuracy": right.item() / seen,
            "learning_rate": self._optimizer.param_groups[0]["lr"],
            "seconds": time.perf_counter() - started,
        }

    def _kept_generators(self) -> AbstractContextManager[None]:
        """Leave the global generators as they are, although modules of the network draw from them."""
        if not self._draws:
            return nullcontext()
        return torch.random.fork_rng([self._device] if self._device.type == "cuda" else [])

    def _step(self, batch: MiniBatch, step: int, seed: int) -> Iterator[Value]:
        """Train on one batch, once or for each replay."""
        recipe = self._plan.recipe
        if isinstance(self._inner_attack, FreeAT):
            yield from self._replays(batch, self._inner_attack)
            return
        # The first step is not captured, because its momentum of normalisation is its own.
        passes = self._see, self._perturbing_gradient, self._gradient
        if step:
            passes = self._clean_pass, self._perturbing_pass, self._pass
        see, perturbing_gradient, gradient = passes
        if recipe.statistics == "both" and not recipe.loss.needs_clean and self._attack is not None:
            see(batch.images)
        adversarial = batch.images
        if self._attack is not None:
            adversarial = self._attack(batch.images, batch.targets, batch.ids, seed)
        inputs = batch.images, adversarial, batch.targets
        perturbation = recipe.weight_perturbation
        if perturbation is not None and self._plan.progress(step, len(self._split)).reached(perturbation.start):
            found = zip(self.model.named_parameters(), perturbing_gradient(*inputs).gradients, strict=True)
            gradients = {name: gradient for (name, _), gradient in found if gradient is not None}
            with perturbed(self.model, gradients, perturbation.gamma):
                value = self._descended(gradient(*inputs))
        else:
            value = self._descended(gradient(*inputs))
        yield value

    def _descended(self, found: _Gradient) -> Value:
        """Take a step of the optimiser."""
        for parameter, gradient in zip(self._parameters, found.gradients, strict=True):
            parameter.grad = gradient
        self._optimizer.step()
        # A graph writes the loss of the next step to the same place.
        return Value(found.loss.clone() if self._capture is not None else found.loss, found.logits)

    def _graphed(self, work: Callable[..., T]) -> Callable[..., T]:
        """Return the work as a graph if the recipe asks for graphs."""
        if self._capture is None:
            return work
        graphed = Graphed(work, self._capture, list(self.model.buffers()))
        self._graphs.append(graphed)
        return graphed

    def _see(self, images: Tensor) -> None:
        """Update the running statistics of normalisation layers."""
        self.model.train()
        with torch.no_grad():
            self._network(images)

    def _perturbing_gradient(self, images: Tensor, adversarial: Tensor, targets: Tensor) -> _Gradient:
        """Return the gradient by which weights are perturbed; it leaves the running statistics as they are."""
        with kept_statistics(self.model):
            return self._gradient(images, adversarial, targets)

    def _gradient(self, images: Tensor, adversarial: Tensor, targets: Tensor) -> _Gradient:
        """Return the loss and the gradient of every parameter, clipped as the recipe says."""
        recipe = self._plan.recipe
        self.model.train()
        value = recipe.loss(
            Batch(
                images,
                adversarial,
                targets,
                recipe.label_smoothing,
                clean_forward=self._clean_forward if recipe.statistics == "adversarial" else self._network,
                forward=self._network,
            )
        )
        if recipe.l1:
            absolute = torch.stack([p.abs().sum() for p in self._parameters if p.ndim > 1]).sum()
            value = Value(value.loss + recipe.l1 * absolute, value.logits)
        self._optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(value.loss)
        if recipe.clip_norm is not None:
            nn.utils.clip_grad_norm_(self._parameters, recipe.clip_norm)
        # A capture must not find a graph of derivatives from before, whose parts belong to another stream.
        return _Gradient(value.loss.detach(), value.logits.detach(), tuple(p.grad for p in self._parameters))

    def _clean_forward(self, images: Tensor) -> Tensor:
        with kept_statistics(self.model):
            logits: Tensor = self._network(images)
        return logits

    def _replays(self, batch: MiniBatch, inner_attack: FreeAT) -> Iterator[Value]:
        epsilon = float(self._plan.epsilon)
        if self._perturbation.shape != batch.images.shape:
            self._perturbation = torch.zeros_like(batch.images)
        for _ in range(inner_attack.replays):
            adversarial = (batch.images + self._perturbation).clamp_(0, 1).requires_grad_(True)
            found = self._gradient(batch.images, adversarial, batch.targets)
            assert adversarial.grad is not None
            direction = adversarial.grad.nan_to_num_(0, 0, 0).sign_()
            self._perturbation.add_(direction, alpha=epsilon * float(inner_attack.step)).clamp_(-epsilon, epsilon)
            yield self._descended(found)

    def _attacker(self, inner_attack: PGDInner) -> Callable[[Tensor, Tensor, Tensor, int], Tensor]:
        numerics = self._plan.recipe.numerics
        attack = inner_attack.attack(self._plan.epsilon)
        if inner_attack.mode != "eval":
            return partial(attack, self._network)
        network, folded = self._network, None
        if numerics.folding:
            folded = FoldedNetwork(self.model, self._split.first(1).images(slice(None)), numerics.dtype)
            network = self._prepared(folded)
        if self._capture is not None:
            before = (lambda: None) if folded is None else folded.refresh
            self._graphs.append(graphed := GraphedAttack(attack, network, before, self._capture))
            return graphed
        craft = partial(attack, network)
        if folded is None:
            return craft

        def refreshed(images: Tensor, labels: Tensor, ids: Tensor, seed: int) -> Tensor:
            folded.refresh()
            return craft(images, labels, ids, seed)

        return refreshed

    def _prepared(self, network: nn.Module) -> nn.Module:
        """Return the network in the form that the numerics require."""
        numerics = self._plan.recipe.numerics
        if numerics.compile:
            # Whether tensor cores are used is up to the recipe.
            warnings.filterwarnings("ignore", "TensorFloat32 tensor cores", UserWarning)
            # torch.compile keeps the module's interface, which its type does not show.
            network = cast(nn.Module, torch.compile(network))
        return network if numerics.precision == "float32" else _Float32(network)

    def _set_rates(self, step: int) -> None:
        recipe = self._plan.recipe
        progress = self._plan.progress(step, len(self._split))
        momentum = recipe.schedule.momentum(progress)
        for group in self._optimizer.param_groups:
            group["lr"] = recipe.learning_rate * recipe.schedule.factor(progress)
            kept = recipe.momentum if momentum is None else momentum
            if recipe.optimizer is None:
                group["momentum"] = kept
            else:
                group["betas"] = (kept, recipe.optimizer.beta)
        if recipe.normalization_momentum is not None:
            for module in self._normalizations:
                module.momentum = recipe.normalization_momentum if step else 1.0

    def _renew_statistics(self, model: nn.Module) -> None:
        """Set batch normalisation's statistics to those of the clean training images."""
        # A short last batch is dropped, as in training, because normalisation over few images is too noisy.
        size = self._plan.fidelity.batch_size
        starts = range(0, self._plan.epoch_steps(len(self._split)) * size, size)
        with self._plan.recipe.numerics.active(self._device):
            renew_statistics((self._images(self._split, slice(start, start + size)) for start in starts), model)

    def _robust_training_accuracy(self) -> float:
        split, size = self._split.first(_GUARD_IMAGES), self._plan.fidelity.batch_size
        attack = PGD(self._plan.epsilon, _GUARD_STEPS)
        right = torch.zeros((), device=self._device)
        # Batches have the training's size, which is known to fit in memory.
        with self._plan.recipe.numerics.active(self._device):
            for start in range(0, len(split), size):
                rows = slice(start, start + size)
                images, labels = self._images(split, rows), split.labels[rows]
                adversarial = attack(self._network, images, labels, split.ids[rows], self._seed)
                with attacking(self.model), torch.no_grad():
                    right += (self._network(adversarial).argmax(1) == labels).sum()
        return right.item() / len(split)

    def _images(self, split: Split, rows: slice) -> Tensor:
        return split.images(rows).contiguous(memory_format=self._plan.recipe.numerics.memory_format)

    def _require_finite(self, losses: list[Tensor]) -> None:
        if losses and not torch.isfinite(torch.stack(losses)).all():
            raise DivergedError(f"the training loss is not finite in epoch {self.epoch + 1}")


def _optimizer(recipe: Recipe, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
    if recipe.optimizer is None:
        return torch.optim.SGD(
            groups, lr=recipe.learning_rate, momentum=recipe.momentum, nesterov=recipe.nesterov, fused=True
        )
    betas = recipe.momentum, recipe.optimizer.beta
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=betas, eps=recipe.optimizer.epsilon, fused=True)


def _set_drop_path(model: nn.Module, recipe: Recipe) -> None:
    """Set the rates of a network's residual branches, rising linearly from 0 to the recipe's."""
    branches = [module for module in model.modules() if isinstance(module, DropPath)]
    if not branches:
        raise InputError(
            f"recipe {recipe.name} has drop_path {recipe.drop_path:g}, and this network has no residual branches that "
            "can be left out: set recipe.drop_path to null"
        )
    assert recipe.drop_path is not None
    for place, branch in enumerate(branches):
        branch.rate = recipe.drop_path * (place / (len(branches) - 1) if len(branches) > 1 else 1.0)


def _draws(module: nn.Module) -> bool:
    """Return whether a module draws random numbers in training."""
    return (isinstance(module, _DropoutNd) and module.p > 0) or (isinstance(module, DropPath) and module.rate > 0)


def _under(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}
