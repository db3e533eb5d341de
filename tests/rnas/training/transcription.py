"""Training as the papers' formulas say it: slow, in float64, image by image and class by class."""

import math
from collections import OrderedDict
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnas.training.averaging import EMA
from rnas.training.inner_attack import FreeAT, PGDInner
from rnas.training.plan import Plan
from rnas.utils.counter_noise import normal, uniform

CLASSES = 4
_DECAYING = ("conv1.weight", "conv2.weight", "linear.weight")
_NORMALIZATION = ("norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias")


def network(seed: int = 0) -> nn.Module:
    """The network that the formulas below are for, for one channel and 8x8 pixels."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers: list[tuple[str, nn.Module]] = [
            ("conv1", nn.Conv2d(1, 4, 3, padding=1, bias=False)),
            ("norm1", nn.BatchNorm2d(4)),
            ("activation", nn.PReLU()),
            ("conv2", nn.Conv2d(4, 6, 3, stride=2, padding=1, bias=False)),
            ("norm2", nn.BatchNorm2d(6)),
            ("relu", nn.ReLU()),
            ("pool", nn.AdaptiveAvgPool2d(2)),
            ("flatten", nn.Flatten()),
            ("linear", nn.Linear(24, CLASSES)),
        ]
        model = nn.Sequential(OrderedDict(layers)).double()
    model.register_forward_pre_hook(lambda _, images: (images[0].double(),))
    return model


def probabilities(scores: Tensor) -> list[Tensor]:
    """Of each class, from the logits (K,) of one image."""
    powers = [torch.exp(score - scores.detach().max()) for score in scores]
    total = sum(powers[1:], powers[0])
    return [power / total for power in powers]


def cross_entropy(logits: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
    """Mean over the images; targets are classes or probabilities."""
    losses = []
    for scores, target in zip(logits, targets, strict=True):
        for label, probability in enumerate(probabilities(scores)):
            wanted = float(target == label) if targets.ndim == 1 else float(target[label])
            wanted = (1 - smoothing) * wanted + smoothing / logits.shape[1]
            losses.append(-wanted * torch.log(probability))
    return sum(losses[1:], losses[0]) / len(logits)


def divergence(logits: Tensor, clean: Tensor) -> Tensor:
    """Mean of sum_k p_k (log p_k - log q_k); p is the clean prediction, q the other."""
    terms = [
        p * (torch.log(p) - torch.log(q))
        for attacked, natural in zip(logits, clean, strict=True)
        for q, p in zip(probabilities(attacked), probabilities(natural), strict=True)
    ]
    return sum(terms[1:], terms[0]) / len(logits)


def trades(clean: Tensor, logits: Tensor, targets: Tensor, beta: float, smoothing: float = 0.0) -> Tensor:
    return cross_entropy(clean, targets, smoothing) + beta * divergence(logits, clean)


def mart(clean: Tensor, logits: Tensor, labels: Tensor, beta: float, smoothing: float = 0.0) -> Tensor:
    terms = []
    for natural, attacked, label in zip(clean, logits, labels.tolist(), strict=True):
        p, q = probabilities(natural), probabilities(attacked)
        first, second = sorted(range(len(q)), key=lambda k: q[k].item())[-1:-3:-1]
        wrong = second if first == label else first
        terms.append(-torch.log(1.0001 - q[wrong] + 1e-12))
        for k in range(len(q)):
            weighted = p[k] * (torch.log(p[k]) - torch.log(q[k] + 1e-12)) * (1.0000001 - p[label])
            terms.append(beta * weighted)
    return cross_entropy(logits, labels, smoothing) + sum(terms[1:], terms[0]) / len(labels)


@dataclass
class SlowTraining:
    """A training step by step; every field is state.

    Attributes:
        plan: what is trained.
        weights: of :func:`network`.
        running: statistics of its normalisation layers.
        momenta: of stochastic gradient descent.
        moments: of AdamW, with its number of steps.
        average: of the weights, where the recipe has an exponential one.
        perturbation: where the recipe replays batches.
    """

    plan: Plan
    weights: dict[str, Tensor]
    running: dict[str, Tensor]
    momenta: dict[str, Tensor] = field(default_factory=dict)
    moments: dict[str, tuple[Tensor, Tensor, int]] = field(default_factory=dict)
    average: dict[str, Tensor] = field(default_factory=dict)
    perturbation: Tensor | None = None
    momentum_of_statistics: float = 0.1

    @classmethod
    def of(cls, plan: Plan, model: nn.Module) -> "SlowTraining":
        running = {name: b.detach().clone() for name, b in model.named_buffers() if "running" in name}
        return cls(plan, {name: p.detach().clone() for name, p in model.named_parameters()}, running)

    def step(self, images: Tensor, targets: Tensor, ids: Tensor, seed: int, number: int, images_in_all: int) -> float:
        """Train on one batch; its loss, or the mean of its replays."""
        recipe, progress = self.plan.recipe, self.plan.progress(number, images_in_all)
        if recipe.normalization_momentum is not None:
            self.momentum_of_statistics = 1.0 if number == 0 else recipe.normalization_momentum
        rate = recipe.learning_rate * recipe.schedule.factor(progress)
        momentum = recipe.schedule.momentum(progress)
        momentum = recipe.momentum if momentum is None else momentum
        if isinstance(recipe.inner_attack, FreeAT):
            loss = self._replays(images, targets, rate, momentum, recipe.inner_attack)
        else:
            loss = self._trained_once(images, targets, ids, seed, number / progress.steps, rate, momentum)
        if isinstance(recipe.averaging, EMA):
            beyond = number - round(recipe.averaging.warmup * progress.steps)
            kept = 0.0 if beyond < 0 or not self.average else recipe.averaging.decay
            if kept and recipe.averaging.ramp:
                kept = min(kept, (1 + beyond) / (10 + beyond))
            for name, weight in self.weights.items():
                self.average[name] = kept * self.average.get(name, weight) + (1 - kept) * weight
        return loss

    def _trained_once(
        self, images: Tensor, targets: Tensor, ids: Tensor, seed: int, share: float, rate: float, momentum: float
    ) -> float:
        recipe = self.plan.recipe
        compares = recipe.loss.name in ("trades", "mart")
        adversarial = images
        if isinstance(recipe.inner_attack, PGDInner):
            if recipe.statistics == "both" and not compares:
                self.logits(self.weights, images, moves=True)
            adversarial = self.crafted(images, targets, ids, seed)
        perturbation = recipe.weight_perturbation
        moves: dict[str, Tensor] = {}
        if perturbation is not None and share >= perturbation.start:
            _, gradients = self.gradients(images, adversarial, targets, moves=False)
            for name, gradient in gradients.items():
                if self.weights[name].ndim > 1:
                    length = math.sqrt(sum(weight**2 for weight in self.weights[name].flatten().tolist()))
                    slope = math.sqrt(sum(slope**2 for slope in gradient.flatten().tolist()))
                    moves[name] = perturbation.gamma * length * gradient / slope
        for name, move in moves.items():
            self.weights[name] = self.weights[name] + move
        loss, gradients = self.gradients(images, adversarial, targets, moves=True)
        self._descend(self._clipped(gradients), rate, momentum)
        for name, move in moves.items():
            self.weights[name] = self.weights[name] - move
        return loss

    def _replays(self, images: Tensor, targets: Tensor, rate: float, momentum: float, inner_attack: FreeAT) -> float:
        epsilon = float(self.plan.epsilon)
        perturbation = torch.zeros_like(images) if self.perturbation is None else self.perturbation
        losses = []
        for _ in range(inner_attack.replays):
            adversarial = (images + perturbation).clamp(0, 1).requires_grad_()
            weights = {name: weight.clone().requires_grad_() for name, weight in self.weights.items()}
            loss = self.loss(weights, images, adversarial, targets, moves=True)
            loss.backward()
            assert adversarial.grad is not None
            stepped = perturbation + epsilon * float(inner_attack.step) * adversarial.grad.sign()
            perturbation = stepped.clamp(-epsilon, epsilon)
            gradients = {name: weight.grad for name, weight in weights.items() if weight.grad is not None}
            self._descend(self._clipped(gradients), rate, momentum)
            losses.append(loss.item())
        self.perturbation = perturbation
        return sum(losses) / len(losses)

    def crafted(self, images: Tensor, targets: Tensor, ids: Tensor, seed: int) -> Tensor:
        """Images after all steps of the recipe's attack."""
        inner_attack, epsilon = self.plan.recipe.inner_attack, float(self.plan.epsilon)
        assert isinstance(inner_attack, PGDInner)
        size, shape = epsilon * float(inner_attack.noise_share), tuple(images.shape[1:])
        adversarial = images
        if inner_attack.noise == "uniform":
            adversarial = (images + size * uniform(seed, ids, shape).double()).clamp(0, 1)
        elif inner_attack.noise == "gaussian":
            adversarial = images + size * normal(seed, ids, shape).double()
        training, moves = inner_attack.mode != "eval", inner_attack.mode == "train-updating"
        clean = self.logits(self.weights, images, training, moves).detach() if inner_attack.loss == "kl" else None
        for _ in range(inner_attack.steps):
            adversarial = adversarial.detach().requires_grad_()
            logits = self.logits(self.weights, adversarial, training, moves)
            objective = cross_entropy(logits, targets) if clean is None else divergence(logits, clean)
            (gradient,) = torch.autograd.grad(objective, adversarial)
            adversarial = adversarial.detach() + epsilon * float(inner_attack.step) * gradient.sign()
            if inner_attack.projection:
                adversarial = torch.minimum(torch.maximum(adversarial, images - epsilon), images + epsilon)
            adversarial = adversarial.clamp(0, 1)
        return adversarial

    def loss(
        self, weights: dict[str, Tensor], images: Tensor, adversarial: Tensor, targets: Tensor, moves: bool
    ) -> Tensor:
        """Of a batch; batch normalisation sees the images first where the loss looks at them."""
        recipe = self.plan.recipe
        smoothing = recipe.label_smoothing
        if recipe.loss.name == "cross-entropy":
            loss = cross_entropy(self.logits(weights, adversarial, moves=moves), targets, smoothing)
        else:
            clean = self.logits(weights, images, moves=moves and recipe.statistics == "both")
            logits = self.logits(weights, adversarial, moves=moves)
            formula = trades if recipe.loss.name == "trades" else mart
            loss = formula(clean, logits, targets, recipe.loss.beta, smoothing)
        for name in _DECAYING:
            loss = loss + recipe.l1 * weights[name].abs().sum()
        return loss

    def gradients(
        self, images: Tensor, adversarial: Tensor, targets: Tensor, moves: bool
    ) -> tuple[float, dict[str, Tensor]]:
        """The loss, and its gradient by weight."""
        weights = {name: weight.clone().requires_grad_() for name, weight in self.weights.items()}
        loss = self.loss(weights, images, adversarial, targets, moves)
        return loss.item(), dict(zip(weights, torch.autograd.grad(loss, list(weights.values())), strict=True))

    def logits(self, weights: dict[str, Tensor], images: Tensor, training: bool = True, moves: bool = False) -> Tensor:
        """Of a batch, normalised by its own statistics or by the running ones."""
        maps = self._normalised(weights, "norm1", F.conv2d(images, weights["conv1.weight"], padding=1), training, moves)
        maps = torch.where(maps > 0, maps, weights["activation.weight"] * maps)
        maps = F.conv2d(maps, weights["conv2.weight"], stride=2, padding=1)
        maps = self._normalised(weights, "norm2", maps, training, moves)
        maps = torch.where(maps > 0, maps, 0.0)
        pooled = maps.reshape(len(images), 6, 2, 2, 2, 2).mean((3, 5)).flatten(1)
        return pooled @ weights["linear.weight"].T + weights["linear.bias"]

    def _normalised(self, weights: dict[str, Tensor], name: str, maps: Tensor, training: bool, moves: bool) -> Tensor:
        mean, variance = self.running[f"{name}.running_mean"], self.running[f"{name}.running_var"]
        if training:
            mean = maps.mean((0, 2, 3))
            variance = (maps - mean[:, None, None]).square().mean((0, 2, 3))
        if moves:
            count = maps.numel() / maps.shape[1]
            for which, of_batch in (("mean", mean), ("var", variance * count / (count - 1))):
                key, share = f"{name}.running_{which}", self.momentum_of_statistics
                self.running[key] = (1 - share) * self.running[key] + share * of_batch.detach()
        scaled = (maps - mean[:, None, None]) / (variance[:, None, None] + 1e-5).sqrt()
        return scaled * weights[f"{name}.weight"][:, None, None] + weights[f"{name}.bias"][:, None, None]

    def _clipped(self, gradients: dict[str, Tensor]) -> dict[str, Tensor]:
        greatest = self.plan.recipe.clip_norm
        if greatest is None:
            return gradients
        norm = math.sqrt(sum(value**2 for gradient in gradients.values() for value in gradient.flatten().tolist()))
        return {name: gradient * min(1.0, greatest / (norm + 1e-6)) for name, gradient in gradients.items()}

    def _descend(self, gradients: dict[str, Tensor], rate: float, momentum: float) -> None:
        recipe = self.plan.recipe
        for name, gradient in gradients.items():
            decays = name in _DECAYING or (
                recipe.decay_normalization if name in _NORMALIZATION else recipe.decay_biases
            )
            if recipe.optimizer is not None:
                beta = recipe.optimizer.beta
                mean, square, count = self.moments.get(name, (torch.zeros(()), torch.zeros(()), 0))
                mean, square = momentum * mean + (1 - momentum) * gradient, beta * square + (1 - beta) * gradient**2
                self.moments[name] = mean, square, count + 1
                root = (square / (1 - beta ** (count + 1))).sqrt() + recipe.optimizer.epsilon
                kept = self.weights[name] * (1 - rate * recipe.weight_decay * decays)
                self.weights[name] = kept - rate * mean / (1 - momentum ** (count + 1)) / root
                continue
            if decays:
                gradient = gradient + recipe.weight_decay * self.weights[name]
            before = self.momenta.get(name)
            self.momenta[name] = gradient if before is None else momentum * before + gradient
            direction = gradient + momentum * self.momenta[name] if recipe.nesterov else self.momenta[name]
            self.weights[name] = self.weights[name] - rate * direction
