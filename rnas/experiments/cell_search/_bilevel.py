"""Train the weights of a network of mixed cells and the parameters of its architecture in turns."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnas.attacks.state import kept_statistics
from rnas.data.dataset import Split
from rnas.errors import DivergedError
from rnas.experiments.cell_search.method import CellSearchMethod, HeldBatch, Mixture
from rnas.networks.modules._mixed_cells import MixedNetwork
from rnas.training._batches import MiniBatch, mini_batches
from rnas.training.inner_attack import PGDInner
from rnas.training.losses._batch import Value
from rnas.training.plan import Plan
from rnas.training.trainer import Check, Trainer

_OF_HELD, _OF_NOISE = 1, 2
"""What random numbers of a search are for."""

_DISTANCE = 0.01
"""Distance of the weights at which the second order takes its difference, as in the paper."""


class BilevelTrainer(Trainer):
    """Train the weights by a recipe, with a step of the architecture before each of their steps.

    Args:
        model: the network of mixed cells, on the device of the images.
        split: all images of the search.
        plan: recipe, fidelity and epsilon of the weights.
        seed: seed of all random numbers here.
        method: says what the architecture is, and what it is fitted to.

    Attributes:
        method: the method.
        parameters: the parameters of the architecture by name.
        images_forward: images that the network has classified so far.
        images_backward: images for which a gradient of the logits was computed.
    """

    def __init__(self, model: MixedNetwork, split: Split, plan: Plan, seed: int, method: CellSearchMethod) -> None:
        used = split.first(plan.images(len(split)))
        if method.divides:
            half = len(used) // 2
            trained, self._held = used.first(half), _rest(used, half)
        else:
            trained, self._held = used, used.first(plan.fidelity.batch_size)
        self._passes = torch.zeros(2, dtype=torch.int64)
        # Before the inner attack copies the network, as copies count in the same place.
        _count_passes(model, self._passes)
        super().__init__(model, trained, plan, seed)
        self._passes.zero_()
        self.method = method
        self.network = model
        started = method.begin(model, torch.Generator().manual_seed(seed))
        self.parameters = {
            name: tensor.to(self._device).detach().requires_grad_(tensor.requires_grad)
            for name, tensor in started.items()
        }
        self._fitted = {name: tensor for name, tensor in self.parameters.items() if tensor.requires_grad}
        self._fitting = torch.optim.Adam(
            self._fitted.values(), lr=method.learning_rate, betas=method.betas, weight_decay=method.weight_decay
        )
        self._held_batches: Iterator[MiniBatch] = iter(())
        self._terms: list[Mapping[str, Tensor]] = []

    @property
    def epoch_steps(self) -> int:
        """Return the number of steps of an epoch."""
        return self._plan.epoch_steps(len(self._split))

    @property
    def images(self) -> int:
        """Return the number of images that the weights are trained on."""
        return len(self._split)

    @property
    def images_forward(self) -> int:
        """Return the number of images that the network has classified so far."""
        return int(self._passes[0])

    @property
    def images_backward(self) -> int:
        """Return the number of images for which a gradient of the logits was computed."""
        return int(self._passes[1])

    @property
    def strengths(self) -> Mixture:
        """Return how strong each operation is on each edge of the two cells, on the CPU."""
        with torch.no_grad():
            normal, reduction = self.method.strengths(self.parameters)
        return normal.cpu(), reduction.cpu()

    def state(self) -> dict[str, Tensor]:
        """Return everything that the next epoch depends on, as tensors by name."""
        state = super().state() | {f"architecture.{name}": tensor for name, tensor in self.parameters.items()}
        for name, tensor in self._fitted.items():
            state |= {f"fitting.{name}.{part}": value for part, value in self._fitting.state[tensor].items()}
        return state | {"passes": self._passes}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Continue a search of the same settings from its :meth:`state`."""
        super().load(state)
        with torch.no_grad():
            for name, tensor in self.parameters.items():
                tensor.copy_(state[f"architecture.{name}"])
        for name, tensor in self._fitted.items():
            prefix = f"fitting.{name}."
            found = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
            # Adam keeps its count of steps on the CPU.
            self._fitting.state[tensor] = {
                part: value.clone() if part == "step" else value.to(self._device, copy=True)
                for part, value in found.items()
            }
        self._passes.copy_(state["passes"])

    def _epoch(self, check: Check) -> dict[str, float]:
        self._held_batches = self._all_held_batches()
        self._terms = []
        point = super()._epoch(check)
        means = {
            f"held_{name}": torch.stack([each[name] for each in self._terms]).mean().item() for name in self._terms[0]
        }
        if not np.isfinite(list(means.values())).all():
            raise DivergedError(f"what the architecture is fitted to is not finite in epoch {self.epoch}")
        return point | means | {"images_forward": self.images_forward, "images_backward": self.images_backward}

    def _all_held_batches(self) -> Iterator[MiniBatch]:
        for lap in count():
            yield from mini_batches(self._held, None, self._plan, self._seed_of(_OF_HELD, self.epoch, lap))

    def _seed_of(self, *words: int) -> int:
        return int(np.random.SeedSequence([self._seed, *words]).generate_state(1, np.uint64)[0])

    def _step(self, batch: MiniBatch, step: int, seed: int) -> Iterator[Value]:
        held = next(self._held_batches)
        noise = self._seed_of(_OF_NOISE, step)
        progress = self._plan.progress(step, len(self._split))
        self._fit(HeldBatch(self.network, self.parameters, held.images, held.targets, progress, noise), batch, seed)
        with torch.no_grad():
            self.network.mix(*self.method.mixture(self.parameters, torch.Generator().manual_seed(noise)))
        yield from super()._step(batch, step, seed)

    def _fit(self, held: HeldBatch, batch: MiniBatch, seed: int) -> None:
        """Take a step of the architecture."""
        images = batch.images
        if self.method.order == 2 and isinstance(self._inner_attack, PGDInner) and self._attack is not None:
            images = self._attack(images, batch.targets, batch.ids, seed)
        terms: dict[str, Tensor] = {}

        def held_loss() -> Tensor:
            terms.update(self.method.terms(held))
            return torch.stack([*terms.values()]).sum()

        def trained_loss() -> Tensor:
            with self.network.mixing(*self.method.mixture(self.parameters, held.generator())):
                return F.cross_entropy(self.network(images), batch.targets)

        fitted = [*self._fitted.values()]
        self.network.train()
        with kept_statistics(self.network):
            if self.method.order == 1:
                gradients = _gradients(held_loss(), fitted)
            else:
                gradients = unrolled_gradients(
                    trained_loss,
                    held_loss,
                    fitted,
                    self._parameters,
                    rate=self._optimizer.param_groups[0]["lr"],
                    drift=[self._drift(weight) for weight in self._parameters],
                )
            for tensor, gradient in zip(fitted, gradients, strict=True):
                tensor.grad = gradient
            self._fitting.step()
            self.method.after_step(held)
        self._terms.append({name: term.detach() for name, term in terms.items()})

    def _drift(self, weight: Tensor) -> Tensor:
        """Return what momentum and weight decay add to the gradient of a weight in its next step."""
        group = next(each for each in self._optimizer.param_groups if any(weight is one for one in each["params"]))
        drift: Tensor = group["weight_decay"] * weight.detach()
        momentum = self._optimizer.state.get(weight, {}).get("momentum_buffer")
        return drift if momentum is None else drift.add_(momentum, alpha=group["momentum"])


def unrolled_gradients(
    trained_loss: Callable[[], Tensor],
    held_loss: Callable[[], Tensor],
    architecture: Sequence[Tensor],
    weights: Sequence[Tensor],
    rate: float,
    drift: Sequence[Tensor] = (),
) -> list[Tensor]:
    """Return the second-order gradient of DARTS: that of the held loss after a step of the weights.

    With w' = w - rate * (dL_trained/dw + drift) it is dL_held(w')/da minus rate times the product of d2L_trained/da dw
    with dL_held(w')/dw', for which a difference of dL_trained/da at two points near w is taken. The weights are the
    same afterwards.

    Args:
        trained_loss: function that returns the loss of the training images at the present weights.
        held_loss: function that returns the loss of the held images at the present weights.
        architecture: parameters a, for which the gradient is returned.
        weights: weights w, which the losses read.
        rate: learning rate of the weights.
        drift: what momentum and weight decay add to the gradient of each weight; empty for nothing.
    """
    before = [weight.detach().clone() for weight in weights]
    descent = _gradients(trained_loss(), weights)
    try:
        with torch.no_grad():
            moves = [gradient + part for gradient, part in zip(descent, drift, strict=True)] if drift else descent
            for weight, move in zip(weights, moves, strict=True):
                weight.sub_(move, alpha=rate)
        both = _gradients(held_loss(), [*architecture, *weights])
        direct, direction = both[: len(architecture)], both[len(architecture) :]
        norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(part) for part in direction]))
        distance = _DISTANCE / max(norm.item(), torch.finfo(norm.dtype).tiny)
        sides = []
        for sign in (1, -1):
            _place(weights, before, direction, sign * distance)
            sides.append(_gradients(trained_loss(), architecture))
    finally:
        _place(weights, before, before, 0.0)
    above, below = sides
    return [
        gradient - rate * (up - down) / (2 * distance) for gradient, up, down in zip(direct, above, below, strict=True)
    ]


@torch.no_grad()
def _place(weights: Sequence[Tensor], origins: Sequence[Tensor], direction: Sequence[Tensor], distance: float) -> None:
    for weight, origin, part in zip(weights, origins, direction, strict=True):
        weight.copy_(origin.add(part, alpha=distance) if distance else origin)


def _gradients(loss: Tensor, tensors: Sequence[Tensor]) -> list[Tensor]:
    """Return the gradient by each tensor, zeros where the loss does not depend on it."""
    found = torch.autograd.grad(loss, tensors, allow_unused=True)
    return [
        torch.zeros_like(tensor) if gradient is None else gradient.detach()
        for tensor, gradient in zip(tensors, found, strict=True)
    ]


def _count_passes(network: nn.Module, passes: Tensor) -> None:
    """Count from now on, in ``passes``, the images of forward passes and those of gradients of the logits.

    Copies of the network, such as the one that an inner attack uses, count in the same place.
    """

    def note(_module: nn.Module, _inputs: object, logits: Tensor) -> None:
        passes[0] += len(logits)
        if logits.requires_grad:
            logits.register_hook(note_gradient)  # type: ignore[no-untyped-call]

    def note_gradient(gradient: Tensor) -> None:
        passes[1] += len(gradient)

    network.register_forward_hook(note)


def _rest(split: Split, start: int) -> Split:
    """Return the images of a split from a position on."""
    return Split(split.pixels[start:], split.labels[start:], split.ids[start:], split.white)
