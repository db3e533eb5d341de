"""Train adversarially as in the papers' code, without any optimisation for speed, for comparison.

Like the code of the RobustResNets (Huang, Lu, Deb, Boddeti, CVPR 2023), it freezes the weights during the inner attack,
and predicts the clean images once a step for the divergence of TRADES. ``recomputing`` follows the code of the authors
of TRADES (Zhang et al., ICML 2019), which does neither: it predicts them again at each attack step. Images are
augmented one by one in a data loader.
"""

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, RandomSampler

from rnas.training.inner_attack import PGDInner
from rnas.training.recipe import Recipe

PADDING = 4
LOADER_WORKERS = 4

Noise = Callable[[Tensor], Tensor]
"""Noise in the shape of the images: standard normal or uniform in [-1, 1], depending on the recipe."""


class Images(Dataset[tuple[Tensor, int]]):
    """Data set of uint8 images (n, C, H, W) that returns each image in [0, 1], cropped and flipped at random."""

    def __init__(self, pixels: Tensor, labels: Tensor) -> None:
        self.pixels = pixels
        self.labels = labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = F.pad(self.pixels[index], (PADDING,) * 4)
        top, left = torch.randint(0, 2 * PADDING + 1, (2,)).tolist()
        height, width = self.pixels.shape[2:]
        image = image[:, top : top + height, left : left + width]
        if torch.rand(()) < 0.5:
            image = image.flip(2)
        return image.float() / 255, int(self.labels[index])


class PlainTraining:
    """One plain training.

    Args:
        model: network on the device, with contiguous weights.
        recipe: a recipe with TRADES or cross-entropy, whose inner attack takes gradient steps in eval mode.
        epsilon: radius of the ball.
        recomputing: whether clean images are predicted again at each attack step, see the module.
        fused: whether the optimiser is one kernel.
        noise: noise that the inner attack starts from; None draws it as in the papers.
    """

    def __init__(
        self,
        model: nn.Module,
        recipe: Recipe,
        epsilon: float,
        recomputing: bool = False,
        fused: bool = False,
        noise: Noise | None = None,
    ) -> None:
        assert isinstance(recipe.inner_attack, PGDInner)
        assert recipe.inner_attack.mode == "eval"
        self.model = model
        self.recipe = recipe
        self.inner_attack = recipe.inner_attack
        self.epsilon = epsilon
        self.recomputing = recomputing
        self.noise = noise or (torch.randn_like if recipe.inner_attack.noise == "gaussian" else _uniform)
        self.optimizer = torch.optim.SGD(
            model.parameters(),
            lr=recipe.learning_rate,
            momentum=recipe.momentum,
            weight_decay=recipe.weight_decay,
            fused=fused,
            foreach=None if fused else False,
        )

    def step(self, images: Tensor, labels: Tensor) -> Tensor:
        """Train on images (n, C, H, W) in [0, 1], and return the loss."""
        adversarial = self.craft(images, labels)
        self.model.train()
        self.optimizer.zero_grad()
        if self.recipe.loss.name == "trades":
            clean = self.model(images)
            loss = F.cross_entropy(clean, labels)
            loss = loss + self.recipe.loss.beta * divergence(self.model(adversarial), clean) / len(images)
        else:
            loss = F.cross_entropy(self.model(adversarial), labels)
        loss.backward()
        if self.recipe.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.clip_norm)
        self.optimizer.step()
        return loss.detach()

    def craft(self, images: Tensor, labels: Tensor) -> Tensor:
        """Return adversarial images."""
        epsilon, step = self.epsilon, self.epsilon * float(self.inner_attack.step)
        self.model.eval()
        if not self.recomputing:
            self.model.requires_grad_(False)
        adversarial = images + epsilon * float(self.inner_attack.noise_share) * self.noise(images)
        if self.inner_attack.noise == "uniform":
            adversarial = torch.clamp(adversarial, 0, 1)
        clean = self.model(images) if self.inner_attack.loss == "kl" else None
        for _ in range(self.inner_attack.steps):
            adversarial.requires_grad_()
            logits = self.model(adversarial)
            if clean is None:
                loss = F.cross_entropy(logits, labels)
            else:
                loss = divergence(logits, self.model(images) if self.recomputing else clean)
            (gradient,) = torch.autograd.grad(loss, adversarial)
            adversarial = adversarial.detach() + step * torch.sign(gradient)
            adversarial = torch.min(torch.max(adversarial, images - epsilon), images + epsilon)
            adversarial = torch.clamp(adversarial, 0, 1)
        self.model.requires_grad_(True)
        return adversarial


def divergence(logits: Tensor, clean: Tensor) -> Tensor:
    """Return the Kullback-Leibler divergence of predictions from clean ones, summed over the images."""
    return F.kl_div(F.log_softmax(logits, dim=1), F.softmax(clean, dim=1), reduction="sum")


def endless_batches(pixels: Tensor, labels: Tensor, size: int, device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield batches on the device; for a GPU, separate processes load them."""
    images = Images(pixels, labels)
    on_gpu = device.type == "cuda"
    loader = DataLoader(
        images,
        size,
        sampler=RandomSampler(images, replacement=True, num_samples=1 << 40),
        num_workers=LOADER_WORKERS if on_gpu else 0,
        pin_memory=on_gpu,
    )
    for batch, classes in loader:
        yield batch.to(device, non_blocking=True), classes.to(device, non_blocking=True)


def _uniform(images: Tensor) -> Tensor:
    return 2 * torch.rand_like(images) - 1
