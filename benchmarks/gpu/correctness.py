"""Does everything run, and are the numbers right?"""

import copy
from functools import partial
from typing import Any

import torch
from place import CLASSES, EPSILON, SHAPE, Place, attempts, probe, small
from torch import Tensor

from rnas import registry
from rnas.attacks.named import named_attack
from rnas.attacks.pgd import PGD
from rnas.data.corruptions.named import CORRUPTIONS
from rnas.evaluation._observed_network import ObservedNetwork
from rnas.evaluation._probe import Probe
from rnas.evaluation.corruption_robustness import evaluate_corruptions
from rnas.evaluation.diagnostics.diagnostic import DiagnosticContext
from rnas.evaluation.flags import CHECKS
from rnas.evaluation.robustness import evaluate_robustness
from rnas.networks.architecture import Architecture
from rnas.networks.block import Block
from rnas.networks.blocks.robust_res_block import ROBUST_RES_BLOCK
from rnas.networks.zoo import baselines
from rnas.training.inner_attack import PGDInner
from rnas.training.numerics import Numerics
from rnas.training.recipe import Recipe
from rnas.utils._devices import mps_runs
from rnas.utils.provenance import device_name, processor, versions

GRAPHS = {"precision": "bfloat16", "cuda_graphs": True}
SWITCHES: tuple[dict[str, Any], ...] = ({}, {"precision": "bfloat16"}, {"cuda_graphs": True}, GRAPHS)


@probe(20, "what the GPU is")
def machine(place: Place) -> dict[str, Any]:
    """Return what the machine is."""
    found: dict[str, Any] = {
        "device": device_name(place.device),
        "processor": processor(place.device),
        "versions": versions(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
    }
    if place.device == "cuda":
        properties = torch.cuda.get_device_properties(0)
        found |= {"memory": properties.total_memory, "multiprocessors": properties.multi_processor_count}
        found |= {"capability": list(torch.cuda.get_device_capability(0)), "cudnn": torch.backends.cudnn.version()}
        found |= {"driver, CUDA and cuDNN": processor("cuda"), "CUDA MPS runs": mps_runs()}
        one, many = torch.zeros(1, device="cuda"), torch.zeros(2**30, dtype=torch.uint8, device="cuda")
        found["microseconds of a launch"] = place.milliseconds(lambda: [one.add_(1) for _ in range(1000)])
        found["TB/s of a copy"] = 2 * len(many) / place.milliseconds(many.clone, 5) / 1e9
    return found


@probe(60, "whether every recipe runs on a GPU, and in graphs")
def recipes(place: Place) -> dict[str, Any]:
    """Train a few steps by every recipe, in both precisions, with graphs and without."""
    images = place.images(place.size(512, 16))
    works = {}
    for name in registry.names(registry.RECIPES)[: place.size(None, 4)]:
        has_steps = isinstance(Recipe.resolve(name).inner_attack, PGDInner)
        for numerics in SWITCHES[: place.size(None, 1)]:
            works[f"{name} {numerics}"] = partial(
                _loss,
                place,
                images,
                numerics,
                recipe=name,
                batch=place.size(128, 8),
                attack_steps=place.size(3, 1) if has_steps else None,
            )
    return attempts(place, works)


def _loss(place: Place, images: Any, numerics: Any, network: Architecture | None = None, **changes: Any) -> Any:
    trainer = place.trainer(network or small(), images, numerics, **changes)
    points = list(trainer.epochs())
    return {"loss": points[-1]["loss"], "without a graph": trainer.graph_failure}


@probe(60, "whether every layer has a kernel on a GPU in each memory format, and can be captured")
def blocks(place: Place) -> dict[str, Any]:
    """Train and attack networks of every block, normalisation and activation, and of every published family."""
    found: dict[str, Architecture] = {"RobustResBlock": small(ROBUST_RES_BLOCK)}
    names = ("bottleneck", "inverted-bottleneck", "no-residual")
    found |= {name: small(Block(name)) for name in names[: place.size(None, 1)]}
    if not place.tiny:
        for field, values in (
            ("normalization", ("group", "instance", "layer")),
            ("activation", ("silu", "gelu", "softplus", "mish", "prelu", "two-slope")),
        ):
            found |= {value: small(Block(**{field: value})) for value in values}
        cheapest: dict[str, tuple[int, Architecture]] = {}
        for network in baselines().values():
            try:
                flops = network.network.cost(SHAPE, CLASSES).flops
            except Exception:
                continue
            if network.family not in cheapest or flops < cheapest[network.family][0]:
                cheapest[network.family] = flops, network.network
        found |= {family: network for family, (_, network) in cheapest.items()}
    images, batch = place.images(place.size(256, 8)), place.size(64, 4)
    works = {
        f"{name} {numerics}": partial(_train_and_attack, place, images, numerics, network, batch)
        for name, network in found.items()
        for numerics in ({}, GRAPHS, {"channels_last": False, "folding": False})[: place.size(None, 1)]
    }
    return attempts(place, works)


def _train_and_attack(place: Place, images: Any, numerics: Any, network: Architecture, batch: int) -> Any:
    trainer = place.trainer(network, images, numerics, batch=batch, attack_steps=place.size(2, 1))
    list(trainer.epochs())
    with Numerics().active(torch.device(place.device)):
        result = evaluate_robustness(trainer.result, images.first(batch), [PGD(EPSILON, 2)], 0)
    return {"robust": result.robust.double().mean().item(), "without a graph": trainer.graph_failure}


@probe(60, "whether they run on a GPU")
def attacks(place: Place) -> dict[str, Any]:
    """Run every attack, flag, diagnostic and corruption on a few images."""
    split, network = place.images(place.size(64, 2)), small()
    model = place.build(network).eval()
    images = split.images(slice(None)).contiguous(memory_format=torch.channels_last)
    # Attacks work on images that are classified as their labels say.
    labels = model(images).argmax(1)
    batch: tuple[Tensor, Tensor, Tensor] = images, labels, split.ids
    names = {
        "linf": "fgsm pgd5 pgd5x3-margin pgd5-dlr cw5 mi-fgsm5 gama100 deepfool5 apgd-ce apgd-t2 fab-t square50",
        "l2": "pgd5 apgd-ce square50 fab-t deepfool5",
        "l1": "pgd5 apgd-ce square50 fab-t",
    }
    if place.tiny:
        names = {"linf": "fgsm pgd2 deepfool2 square3", "l2": "pgd2", "l1": "pgd2"}
    radii = {"linf": EPSILON, "l2": 16 * EPSILON, "l1": 400 * EPSILON}
    works: dict[str, Any] = {
        f"{norm} {name}": partial(_attack, name, radii[norm], norm, model, batch)
        for norm, text in names.items()
        for name in text.split()
    }
    sight = Probe(ObservedNetwork(model), *batch, "linf", EPSILON, 0, 500)
    checks = list(CHECKS.items())[: place.size(None, 3)]
    works |= {f"flag {name}": partial(_quiet, check, sight) for name, check in checks}
    adversarial = named_attack("pgd2", EPSILON)(model, *batch, 0)
    context = DiagnosticContext(model, network, images, adversarial, labels, split.ids, EPSILON, 0, CLASSES, SHAPE)
    for name in registry.names(registry.DIAGNOSTICS)[: place.size(None, 2)]:
        diagnostic = registry.load(registry.DIAGNOSTICS, name)
        if diagnostic.covers(network):
            works[f"diagnostic {name}"] = partial(_quiet, diagnostic, context)
    for name in list(CORRUPTIONS)[: place.size(None, 2)]:
        works[f"corruption {name}"] = partial(_quiet, evaluate_corruptions, model, split, 0, (name,), (3,))
    with Numerics().active(torch.device(place.device)):
        return attempts(place, works)


def _attack(name: str, radius: Any, norm: Any, model: Any, batch: Any) -> int:
    found = named_attack(name, radius, norm)(model, *batch, 0)
    return int((model(found).argmax(1) == batch[1]).sum())


def _quiet(work: Any, *given: Any) -> None:
    work(*given)


@probe(45, "whether CPU and GPU agree")
def agreement(place: Place) -> dict[str, Any]:
    """Compare the CPU with the device: pixels, logits in each precision, and which images are robust."""
    images = place.images(place.size(2048, 32))
    trainer = place.trainer(
        small(), images, {}, epochs=place.size(3, 1), batch=place.size(128, 16), attack_steps=place.size(3, 1)
    )
    list(trainer.epochs())
    model, seen = trainer.result.eval(), images.first(place.size(256, 8))
    attack = [PGD(EPSILON, place.size(10, 2))]
    on_cpu, there = copy.deepcopy(model).cpu(), seen.to("cpu")
    with Numerics().active(torch.device("cpu")):
        reference = evaluate_robustness(on_cpu, there, attack, 0)
    with torch.no_grad():
        exact = copy.deepcopy(on_cpu).double()(there.images(slice(None)).double())
    found: dict[str, Any] = {
        "pixels that differ": int((there.images(slice(None)) != seen.images(slice(None)).cpu()).sum()),
        "robust on the CPU": reference.robust.double().mean().item(),
    }
    for name, numerics in {
        "float32": Numerics(),
        "float32, channels first": Numerics(channels_last=False),
        "tf32": Numerics(tf32=True),
        "bfloat16": Numerics(precision="bfloat16"),
    }.items():
        twin = copy.deepcopy(model)
        numerics.prepare(twin)
        with numerics.active(torch.device(place.device)):
            result = evaluate_robustness(twin, seen, attack, 0)
            with torch.no_grad():
                logits = twin(seen.images(slice(None)).contiguous(memory_format=numerics.memory_format)).double().cpu()
        found[name] = {
            "images whose robustness differs": int((result.robust.cpu() != reference.robust.cpu()).sum()),
            "relative error of logits": ((logits - exact).norm() / exact.norm()).item(),
        }
    return found


@probe(90, "whether presets may use bfloat16 and graphs: they do, once it is shown that robust accuracy stays")
def accuracy(place: Place) -> dict[str, Any]:
    """Train by each switch of the presets, with two seeds; robust accuracy under PGD-20 on images of the training."""
    images = place.images(place.size(8_000, 16))
    seen, found = images.first(place.size(2_000, 8)), {}
    switches = {"float32": {}, "bfloat16": SWITCHES[1], "bfloat16, graphs": GRAPHS}
    for name, numerics in list(switches.items())[: place.size(None, 2)]:
        robust = []
        for seed in range(place.size(2, 1)):
            trainer = place.trainer(
                small(),
                images,
                numerics,
                epochs=place.size(6, 1),
                batch=place.size(128, 8),
                attack_steps=place.size(7, 1),
                seed=seed,
            )
            list(trainer.epochs())
            with Numerics().active(torch.device(place.device)):
                result = evaluate_robustness(trainer.result, seen, [PGD(EPSILON, place.size(20, 1))], 0)
            robust.append(result.robust.double().mean().item())
        found[name] = {"robust accuracy by seed": robust}
        place.keep(found)
    found["standard error of one accuracy"] = (0.25 / len(seen)) ** 0.5
    return found


@probe(60, "whether trainings on one GPU are equal")
def repeatable(place: Place) -> dict[str, Any]:
    """Train twice by each switch, and compare the weights, also with and without a graph."""
    images = place.images(place.size(1024, 16))
    found: dict[str, Any] = {}
    kept = {}
    for numerics in SWITCHES[: place.size(None, 1)]:
        one, other = (_weights(place, images, numerics) for _ in range(2))
        kept[str(numerics)] = one
        found[str(numerics)] = {"distance of two trainings": _distance(one, other)}
    if not place.tiny:
        found["distance by a graph, float32"] = _distance(kept[str(SWITCHES[0])], kept[str(SWITCHES[2])])
        found["distance by a graph, bfloat16"] = _distance(kept[str(SWITCHES[1])], kept[str(GRAPHS)])
    return found


def _weights(place: Place, images: Any, numerics: Any) -> dict[str, Tensor]:
    trainer = place.trainer(
        small(), images, numerics, epochs=place.size(3, 1), batch=place.size(128, 8), attack_steps=place.size(3, 1)
    )
    list(trainer.epochs())
    return {name: tensor.detach().cpu().double() for name, tensor in trainer.model.state_dict().items()}


def _distance(one: dict[str, Tensor], other: dict[str, Tensor]) -> float:
    """Return the largest relative distance of a tensor; 0 is equality."""
    return max(((one[n] - other[n]).norm() / one[n].norm().clamp(min=1e-9)).item() for n in one)
