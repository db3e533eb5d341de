"""Measure clean and robust accuracy of a network with given weights, and record everything that decided them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from itertools import chain, count
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rnas.attacks.attack import Attack
from rnas.attacks.autoattack_ensembles import Ensemble, least_classes
from rnas.attacks.description import describe
from rnas.attacks.named import named_attack
from rnas.attacks.transfer import Transfer
from rnas.data.corruptions._published import published_rows, require_of
from rnas.errors import InputError
from rnas.evaluation._attack_run import AttackResult, AttackRun, PlannedAttack, Progress, StepResult, run_attacks
from rnas.evaluation._evaluation_state import EvaluationState, StepState
from rnas.evaluation._image_flags import pack
from rnas.evaluation._observed_network import ObservedNetwork
from rnas.evaluation._probe import Probe
from rnas.evaluation._request import Request
from rnas.evaluation.corruption_robustness import (
    evaluate_corruptions,
    evaluate_published_corruptions,
    published_hash,
)
from rnas.evaluation.evaluation_result import (
    AttackEvaluation,
    Cost,
    Data,
    EvaluationResult,
    Flag,
    FlagChecks,
    MeasuredAccuracy,
    Member,
    ThreatEvaluation,
    Weights,
)
from rnas.evaluation.flags import CHECKS, checked, found_by_attacks
from rnas.evaluation.robustbench_entry import robustbench_entry, whole_autoattack
from rnas.evaluation.subject import EvaluatedNetwork, Subject, source_of_transfer
from rnas.evaluation.threats import Threat, robust_to_all
from rnas.experiment import Listener
from rnas.networks import architecture as arch
from rnas.statistics.proportions import proportion
from rnas.training.numerics import Numerics
from rnas.utils._devices import noticing_loss
from rnas.utils._json_files import model_json
from rnas.utils.files import write_text
from rnas.utils.provenance import device_name, libraries, processor, versions
from rnas.utils.quantities import pluralize

_PRECISION = "float32, TensorFloat-32 off"
_TRANSFERRED = "pgd20"
_PROBED = 100
"""Largest number of images for the checks."""


ENTRIES = "robustbench"
"""Folder, in that of the results, of entries of RobustBench."""


def evaluate_subject(
    request: Request, subject: Subject, listener: Listener, sources: Sequence[EvaluatedNetwork | nn.Module] = ()
) -> EvaluationResult:
    """Classify test images, both clean and under each attack, in float32 and eval mode.

    An image withstands an attack if it is classified correctly, both clean and attacked. It withstands the worst case
    if it withstands every attack of every threat. The result of an attack does not depend on which others are run.

    If there is an output folder, results are saved there after every batch, and the same request resumes from them. The
    final result is written to ``NAME.json``. If AutoAttack was among the attacks, ``robustbench/NAME.json`` is an
    entry of RobustBench.

    Args:
        request: what to evaluate.
        subject: the network and the images of the request.
        listener: learns of progress. Every record is a :class:`rnas.evaluation._attack_run.Progress`, before and after
            every batch of an attack.
        sources: the networks that ``request.transfer`` names, in the same order.

    Raises:
        InputError: the network, the images and the attacks do not fit each other, or the output folder contains the
            state of another evaluation with this name.
        DeviceLostError: an error has made the GPU unusable for this process.
    """
    split, threats = subject.split, subject.threats
    published = None
    if request.corruptions not in (None, "computed"):
        require_of(Path(str(request.corruptions)), subject.dataset)
        published = published_hash(Path(str(request.corruptions)), published_rows(subject.dataset, split.ids))
    plan = _plan(request.attacks, threats, subject.dataset.num_classes) + _transferred(request, subject, sources)
    state = EvaluationState(_setting(request, subject, plan, published), _file(request, ".state"))
    radii = ", ".join(threat.name for threat in threats)
    listener.message(f"{request.network}: {pluralize(len(split), 'image')} of {subject.dataset.name}, {radii}")

    def attacked(progress: Progress) -> None:
        listener.recorded(progress)
        listener.progress({request.name: progress.share})

    state_file = _file(request, ".state")
    fix = "run it again" if state_file is None else f"run the same again, which resumes from {state_file}"
    with noticing_loss(f"{fix}, in a new process"), Numerics().active(torch.device(request.device)):
        run = run_attacks(
            subject.model,
            split,
            plan,
            subject.dataset.num_classes,
            request.seed,
            request.batch_size,
            state,
            attacked,
            # The code of a module that was given may do something else in each pass, and a graph does not.
            graphs=subject.network is not None,
        )
        flags = _flags(request, subject, run, listener) if request.flags else None
        corruptions = _corruptions(request, subject, listener, published)
    result = _result(request, subject, run, flags, corruptions)
    path = _file(request, ".json")
    if path is not None:
        write_text(path, model_json(result) + "\n")
        if whole_autoattack(result) is not None:
            entry = path.parent / ENTRIES / path.name
            entry.parent.mkdir(exist_ok=True)
            write_text(entry, json.dumps(robustbench_entry(result.name, result), indent=2) + "\n")
    return result


def _plan(attacks: Sequence[str | Attack], threats: Sequence[Threat], classes: int) -> list[PlannedAttack]:
    names = dict.fromkeys(attack for attack in attacks if isinstance(attack, str))
    plan = [
        PlannedAttack(name, threat, named_attack(name, threat.epsilon, threat.norm))
        for threat in threats
        # The ball of an attack that was given as an object is for that attack.
        if threat.source != "attack"
        for name in names
    ]
    for attack in attacks:
        if not isinstance(attack, str):
            threat = next(one for one in threats if (one.norm, one.epsilon) == (attack.norm, attack.epsilon))
            plan.append(PlannedAttack(_free_name(attack, threat, plan), threat, attack))
    for threat in threats:
        if all(planned.threat != threat for planned in plan):
            raise InputError(f"threat {threat.name} has no attack: name one in attacks, or leave the threat out")
    for planned in plan:
        if not isinstance(planned.attack, Ensemble) and classes < least_classes(planned.attack):
            raise InputError(
                f"attack {planned.name} needs {least_classes(planned.attack)} classes for its loss, but the data have "
                f"{classes}: remove it, or use autoattack, which leaves it out by itself"
            )
    return plan


def _free_name(attack: Attack, threat: Threat, plan: Sequence[PlannedAttack]) -> str:
    """Return the name of an attack that was given as an object: that of its class, with a number if it is taken."""
    taken = {planned.name for planned in plan if planned.threat == threat}
    name = str(getattr(attack, "name", type(attack).__name__))
    names = chain([name], (f"{name}-{number}" for number in count(2)))
    return next(each for each in names if each not in taken)


def _transferred(
    request: Request, subject: Subject, sources: Sequence[EvaluatedNetwork | nn.Module]
) -> list[PlannedAttack]:
    """Return PGD-20 on other networks, which must be for the same images and classes."""
    plan = []
    for name, network in zip(request.transfer, sources, strict=True):
        own = request.model_copy(update={"network": name, "weights": None})
        source = source_of_transfer(network, own, subject)
        label = f"{_TRANSFERRED} from {name}"
        named = f"{name}, sha256 {source.sha256[:16]}"
        for threat in subject.threats:
            attack = named_attack(_TRANSFERRED, threat.epsilon, threat.norm)
            plan.append(PlannedAttack(label, threat, Transfer(named, source.model, attack)))
    return plan


def _corruptions(
    request: Request, subject: Subject, listener: Listener, published: str | None
) -> dict[str, Any] | None:
    if request.corruptions is None:
        return None
    listener.message("common corruptions")
    model, size = subject.model, request.batch_size
    if request.corruptions == "computed":
        return evaluate_corruptions(model, subject.split, request.seed, batch_size=size).to_dict()
    folder, dataset = Path(request.corruptions), subject.dataset
    rows = published_rows(dataset, subject.split.ids)
    found = evaluate_published_corruptions(model, folder, dataset.num_classes, rows, request.device, batch_size=size)
    return {**found.to_dict(), "hash": published}


def _setting(
    request: Request, subject: Subject, plan: Sequence[PlannedAttack], published: str | None
) -> dict[str, Any]:
    """Return everything that decides the flags of the images, as JSON values.

    Args:
        request: what to evaluate.
        subject: the network and the images.
        plan: the attacks.
        published: hash of published corrupted images; None without them.
    """
    classes = subject.dataset.num_classes
    setting = {
        "weights": subject.sha256,
        "architecture": str(subject.model) if subject.network is None else arch.to_dict(subject.network.architecture),
        "data": f"{subject.dataset.name} {subject.data_hash}",
        "split seed": subject.split_seed,
        "images": len(subject.split),
        "attacks": [
            f"{planned.threat.name} {name} {json.dumps(describe(attack), sort_keys=True)}"
            for planned in plan
            for name, attack in planned.steps(classes)
        ],
        "seed": request.seed,
        "batch size": request.batch_size,
        "precision": _PRECISION,
        "device": device_name(request.device),
        # Plug-ins are not listed, so that installing one does not invalidate an evaluation.
        "versions": libraries() | _autoattack(),
        "corruptions": published,
    }
    # The setting has the form in which it is read from a file.
    content: dict[str, Any] = json.loads(json.dumps(setting))
    return content


def _file(request: Request, suffix: str) -> Path | None:
    if request.output is None:
        return None
    try:
        request.output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"output {request.output}: cannot be made ({error.strerror}); give a folder") from None
    return request.output / f"{request.name}{suffix}"


def _flags(request: Request, subject: Subject, run: AttackRun, listener: Listener) -> list[Flag]:
    few, threat = subject.split.first(_PROBED), subject.threats[0]
    listener.message(f"checks for signs of overestimated robustness, on {pluralize(len(few), 'image')}")
    probe = Probe(
        ObservedNetwork(subject.model),
        few.images(slice(None)).contiguous(memory_format=torch.channels_last),
        few.labels,
        few.ids,
        threat.norm,
        threat.epsilon,
        request.seed,
        request.batch_size,
    )
    # What the attacks show on all images replaces what the checks find on a few.
    found = {flag.name: flag for flag in (*checked(probe), *found_by_attacks(run))}
    return [found[name] for name in CHECKS if name in found]


def _result(
    request: Request,
    subject: Subject,
    run: AttackRun,
    flags: Sequence[Flag] | None,
    corruptions: dict[str, Any] | None,
) -> EvaluationResult:
    dataset = subject.dataset
    checks = FlagChecks(threat=subject.threats[0].name, images=min(_PROBED, len(subject.split)), names=tuple(CHECKS))
    return EvaluationResult(
        name=request.name,
        network=request.network,
        **_network(subject),
        weights=Weights(
            file=None if subject.weights is None else str(subject.weights), sha256=subject.sha256, notes=subject.notes
        ),
        data=Data(
            name=dataset.name,
            split="test",
            images=len(subject.split),
            published_test_images=dataset.num_test_images > 0,
            input_shape=dataset.input_shape,
            num_classes=dataset.num_classes,
            classes=dataset.classes,
            split_seed=subject.split_seed,
            hash=subject.data_hash,
            images_hash=subject.images_hash,
            ids=tuple(subject.split.ids.tolist()),
        ),
        seed=request.seed,
        batch_size=request.batch_size,
        precision=_PRECISION,
        interval="Wilson, 95 %",
        clean=MeasuredAccuracy(**_accuracy(run.clean)),
        attacks=tuple(_attack(result, dataset.num_classes) for result in run.attacks),
        threats=tuple(_threat(threat, run) for threat in subject.threats),
        worst_case=MeasuredAccuracy(**_accuracy(robust_to_all([result.right for result in run.attacks]))),
        corruptions=corruptions,
        flags=None if flags is None else tuple(flags),
        flag_checks=None if flags is None else checks,
        request=request.to_dict(),
        versions=versions() | _autoattack(),
        device=device_name(request.device),
        processor=processor(request.device),
        note=" ".join(note for note in (dataset.note, *subject.notes) if note),
    )


def _network(subject: Subject) -> dict[str, Any]:
    """Return what is known of the network itself."""
    if subject.network is None:
        params = sum(parameter.numel() for parameter in subject.model.parameters())
        return {"architecture": None, "architecture_key": None, "params": params, "flops": None}
    architecture = subject.network.architecture
    cost = architecture.cost(subject.dataset.input_shape, subject.dataset.num_classes)
    own = {"architecture": arch.to_dict(architecture), "architecture_key": arch.key(architecture)}
    return {**own, "params": cost.params, "flops": cost.flops}


def _attack(result: AttackResult, classes: int) -> AttackEvaluation:
    planned = result.planned
    settings = describe(planned.attack)
    ensemble = isinstance(planned.attack, Ensemble)
    if ensemble:
        del settings["members"]
    return AttackEvaluation(
        **_accuracy(result.right),
        name=planned.name,
        threat=planned.threat.name,
        norm=planned.threat.norm,
        epsilon=str(planned.threat.epsilon),
        settings=settings,
        cost=_cost(step.state for step in result.steps),
        members=tuple(map(_member, result.steps)) if ensemble else (),
        left_out=planned.attack.left_out(classes) if isinstance(planned.attack, Ensemble) else {},
    )


def _member(step: StepResult) -> Member:
    return Member(
        name=step.name,
        settings=describe(step.attack),
        attacked=int(step.attacked.sum()),
        broken=int(step.broken.sum()),
        broken_images=pack(step.broken),
        cost=_cost([step.state]),
    )


def _cost(states: Iterable[StepState]) -> Cost:
    states = tuple(states)
    backward = sum(state.backward_passes for state in states)
    return Cost(
        seconds=sum(state.seconds for state in states),
        forward_passes=sum(state.forward_passes for state in states),
        backward_passes=backward,
        zero_gradient_share=sum(state.zero_gradients for state in states) / backward if backward else None,
    )


def _threat(threat: Threat, run: AttackRun) -> ThreatEvaluation:
    right = robust_to_all([result.right for result in run.attacks if result.planned.threat == threat])
    return ThreatEvaluation(**_accuracy(right), name=threat.name, norm=threat.norm, epsilon=str(threat.epsilon))


def _accuracy(right: Tensor) -> Mapping[str, Any]:
    share = proportion(right.double().mean().item(), len(right))
    return {
        "correct": int(right.sum()),
        "accuracy": share.value,
        "low": share.low,
        "high": share.high,
        "right": pack(right),
    }


def _autoattack() -> dict[str, str]:
    return {"pyautoattack": version("pyautoattack")}
