"""Run a comparison: tune and train every network with every seed, attack all, and test the differences."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rnas.errors import InputError
from rnas.experiment import CostEstimate, EstimatedWork, Listener, given_settings
from rnas.experiments._references import AnyNetwork
from rnas.experiments.comparison._resolve import resolve_settings
from rnas.experiments.comparison._training import METRIC, ComparedTraining
from rnas.experiments.comparison._tuning import chosen, tune_all, tuning_results, tuning_settings
from rnas.experiments.comparison.result import ComparisonResult, compared, next_round
from rnas.experiments.comparison.settings import ATTACKS, ComparisonSettings
from rnas.experiments.seeded_trainings import Records, SeededTrainings, TrainingGroup
from rnas.experiments.training.setup import Setup
from rnas.nas.evaluators.evaluator import Context
from rnas.nas.execution._local import measured_slots
from rnas.nas.objective import Objective
from rnas.training.recipe import Recipe
from rnas.utils._threads import one_thread

OBJECTIVE = Objective(metric=METRIC, direction="maximize")


class Comparison(SeededTrainings[ComparisonSettings, ComparisonResult]):
    """Compare networks of the same FLOPs, each trained with several seeds.

    In addition to the files of every experiment, the directory contains ``trainings``, a directory for each training;
    ``tunings``, one for each network, if networks are tuned; ``evaluations``, a file for each checkpoint; and the table
    as ``table.md``, ``table.tex`` and ``table.csv``.
    """

    kind = "comparison"
    Settings = ComparisonSettings

    @property
    def trainings(self) -> Path:
        """Return the folder that has a directory for each training."""
        return self.path / "trainings"

    @property
    def tunings(self) -> Path:
        """Return the folder that has a directory for each network's tuning."""
        return self.path / "tunings"

    def result(self) -> ComparisonResult:
        """Return what has come of the comparison so far.

        Raises:
            InputError: a network has no result yet.
            LedgerError: trainings were attacked on different images.
        """
        return compared(self.settings, self._records(), tuning_results(self.tunings, self.settings))

    def estimate(self, workers: int | None = None) -> CostEstimate:
        """Measure the tuning of each network, and its training with quick attacks at the end.

        Raises:
            InputError: a network cannot be trained here.
        """
        evaluator, places, work = ComparedTraining(self.settings), measured_slots(workers), []
        for one in self.settings.networks:
            with one_thread(places[0]):
                found = evaluator.training_estimate(evaluator.task(one.network, 0), Context(places[0]))
            epoch, selection = (part.seconds for part in found.work[:2])
            shape, classes = evaluator.image_format(self.settings)
            facts = one.facts(self.settings.flops, shape, classes)
            memory = found.work[0].memory_bytes
            details = {name: facts[name] for name in ("flops", "params")}
            work.append(EstimatedWork(one.name, self.settings.seeds, found.seconds, memory, details))
            if (tuning := self.settings.tuning) is not None:
                seconds = tuning.epochs * (epoch + selection)
                work.append(EstimatedWork(f"tuning of {one.name}", tuning.trials, seconds, memory, details))
        return CostEstimate(tuple(work), tuple(places))

    def extend(self, **larger: int | None) -> None:
        """Enlarge the comparison; see :meth:`Experiment.extend`.

        Raises:
            InputError: it adds seeds by itself.
        """
        most = self.settings.until_decided
        if larger.get("seeds") is not None and most is not None:
            raise InputError(f"seeds: {self.path} adds seeds until all is decided, up to {most}: leave seeds out")
        super().extend(**larger)

    @classmethod
    def _name(cls, settings: ComparisonSettings) -> str:
        return f"compare-{settings.training.data}"

    def _check(self) -> None:
        ComparedTraining(self.settings)
        for one in self.settings.networks:
            Setup.of(self.settings.training.training_of(one.name, one.architecture, 0, "cpu"))
            if self.settings.tuning is not None:
                tuning_settings(self.settings, one, "cpu")

    def _run(self, listener: Listener, workers: int | None) -> None:
        tune_all(self.tunings, self.settings, workers, listener)
        super()._run(listener, workers)

    def _groups(self) -> Sequence[TrainingGroup]:
        evaluator = ComparedTraining(self.settings)
        tunings = tuning_results(self.tunings, self.settings)
        tasks = (evaluator.task(one.network, 0, chosen(tunings.get(one.name))) for one in self.settings.networks)
        return [TrainingGroup(self.kind, evaluator, OBJECTIVE, tuple(tasks))]

    def _wanted_seeds(self, records: Records) -> tuple[int, ...]:
        return next_round(self.settings, records) if all(records) else super()._wanted_seeds(records)

    @property
    def _trainings(self) -> Path:
        return self.trainings


def compare(
    networks: Sequence[AnyNetwork] = (),
    *,
    flops: float | str,
    recipe: Recipe | Mapping[str, Any] | str = "sat",
    seeds: int = 3,
    until_decided: int | None = None,
    tolerance: float | str = 0.05,
    robust_scaling: bool = False,
    search_cost: float | str | None = None,
    tune: int | None = None,
    tune_epochs: int | None = None,
    data: str | None = None,
    data_dir: Path | str | None = None,
    extra: Path | str | None = None,
    split_seed: int | None = None,
    images: int | Mapping[str, int] | None = None,
    eps: str | float | None = None,
    augmentation: Sequence[str] | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    fidelity: Mapping[str, Any] | None = None,
    evaluation: Mapping[str, Any] | None = None,
    attacks: Sequence[str] = ATTACKS,
    attacked_images: int | None = None,
    flags: bool = True,
    unseen: bool = False,
    output: Path | str | None = None,
    workers: int | None = None,
    listener: Listener | Sequence[Listener] | None = None,
) -> ComparisonResult:
    """Scale networks to the same FLOPs, train each with several seeds by one recipe, attack all, and test differences.

    Args:
        networks: architectures; names of the zoo, members of searches such as ``RUN:knee``, or JSON files. None at all
            is :data:`rnas.experiments.comparison.networks.DEFAULT`.
        flops: multiply-accumulates of each network for one image of the data, such as ``"5G"`` or ``5e9``.
        recipe: a recipe, its name, or ``{name: NAME, ...}`` with some of its fields set otherwise.
        seeds: trainings of each network, at least two.
        until_decided: the most seeds of a network; further seeds are added while it is indistinguishable at 95 % from
            another network. None adds none.
        tolerance: greatest relative difference from the FLOPs, in (0, 1), such as 0.05 or ``"5%"``.
        robust_scaling: whether residual networks that are not published take RobustScaling's proportions instead of
            their own.
        search_cost: images passed forward and backward, such as ``"2M"``, after which the searches that found networks
            are taken as ended, so that methods are compared at equal cost; ``equal`` is what the cheapest of them has
            cost. None takes what each has found at its end.
        tune: trials in which each network's learning rate and weight decay are tuned before, at least two; None tunes
            nothing.
        tune_epochs: epochs of each of these trials; None is as many as the trainings have.
        data: registered name of the data; None is the data of the search that a network comes from, or else CIFAR-10.
        data_dir: folder of the data's files.
        extra: file of further images, for recipes that take a share of every batch from them.
        split_seed: divides the data; None is the search's own, or else 0.
        images: number of images to train on, or sizes of the splits by name; None is all.
        eps: l-infinity radius of all attacks for pixels in [0, 1], such as ``"8/255"``; None is the data's own.
        augmentation: names of augmentations, in order; None is what suits the data.
        epochs: epochs of each training; None is as many as the recipe was published with.
        batch_size: images of one step; None is the recipe's own.
        fidelity: further fields of :class:`rnas.data.Fidelity`, such as ``{"attack_steps": 3}``.
        evaluation: fields of :class:`rnas.evaluation.EvaluationSettings`: the attack by which the
            best epoch is chosen.
        attacks: names of the attacks on the checkpoints.
        attacked_images: number of images to attack, the first of the test split; None is all of them.
        flags: whether to look for signs of overestimated robustness in the best checkpoints.
        unseen: whether to attack in an l2 and an l1 ball too, and to show the common corruptions.
        output: directory; None makes ``runs/compare-<data>-<n>``.
        workers: trainings at once, each in a process of its own; 0 trains in this process; None is one a core or GPU.
        listener: learns of progress, also of the tunings. Every record is a record of the ledger, or a trial.

    Raises:
        InputError: a setting is wrong, data are missing, or the directory exists.

    Examples:
        >>> import rnas
        >>> from rnas.networks import ResidualNetwork
        >>> network = ResidualNetwork(depths=(1, 1), channels=(4, 8), stem_width=4)
        >>> few = {"train": 64, "val": 16, "search_val": 16, "test": 32}
        >>> result = rnas.compare(
        ...     [network, ResidualNetwork(depths=(2, 1), channels=(4, 8), stem_width=4)],
        ...     flops="80K",
        ...     tolerance=0.5,
        ...     data="digits",
        ...     recipe="short-sat",
        ...     seeds=2,
        ...     epochs=1,
        ...     images=few,
        ...     attacks=["fgsm"],
        ...     flags=False,
        ...     output="runs/example",
        ...     workers=0,
        ... )
        >>> table = result.to_pandas()
    """
    settings = resolve_settings(**given_settings(locals()))
    return Comparison.create(settings, output).run(listener, workers=workers)
