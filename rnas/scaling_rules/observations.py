"""Describe evaluated residual networks as arrays: the data that a rule is estimated from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rnas._typing import Floats, Integers
from rnas.errors import InputError
from rnas.nas.ledger import Record
from rnas.nas.result import SearchResult
from rnas.nas.space import Choice
from rnas.networks._stage_shares import depth_to_width, stage_shares
from rnas.networks.residual import ResidualNetwork

COLUMNS = ("score", "depths", "widths", "flops", "params")
"""Fields of observations that are arrays with a row for each evaluation."""

INACTIVE = "inactive"
"""Value of a block variable that the others make meaningless."""


@dataclass(frozen=True)
class Observations:
    """Complete evaluations of residual networks that have the same number of stages.

    Attributes:
        metric: name of the score.
        score: (n,) scores; larger is better.
        depths: (n, stages) numbers of blocks.
        widths: (n, stages) widenings, in multiples of 16, 32, 64 and 128 channels.
        flops: (n,) multiply-accumulates for one image.
        params: (n,) numbers of parameters.
        blocks: values, as (n,) texts, of each block variable that takes several values, by name.
        keys: (n,) keys of the architectures; one that was evaluated several times occurs several times.
    """

    metric: str
    score: Floats
    depths: Floats
    widths: Floats
    flops: Floats
    params: Floats
    blocks: Mapping[str, NDArray[np.str_]]
    keys: tuple[str, ...]

    @classmethod
    def from_run(cls, run: SearchResult, metric: str | None = None, rung: int | None = None) -> "Observations":
        """Collect the complete evaluations of a run at one rung.

        Args:
            run: a search over residual networks.
            metric: name of the score; None takes the first objective that is maximised.
            rung: index of the rung, from 0, the cheapest; None takes the highest.

        Raises:
            InputError: no evaluation has the metric, or the networks are not residual or differ in their number of
                stages.
        """
        metric = metric or first_maximised(run)
        space = run.setup.space
        rung = len(run.setup.evaluator.rungs) - 1 if rung is None else rung
        records = [r for r in run.records if r.complete and r.rung == rung]
        having = [record for record in records if np.isfinite(record.metrics.get(metric, np.nan))]
        if not having:
            known = ", ".join(sorted({name for record in records for name in record.metrics})) or "none"
            raise InputError(f"no complete evaluation of the run has a metric {metric!r}; it has {known}")
        costs = [record.architecture.cost(space.input_shape, space.num_classes) for record in having]
        return cls.from_records(
            metric, having, flops=[cost.flops for cost in costs], params=[cost.params for cost in costs]
        )

    @classmethod
    def from_records(
        cls, metric: str, records: Sequence[Record], flops: Sequence[int], params: Sequence[int]
    ) -> "Observations":
        """Collect records.

        Args:
            metric: name of the score, which every record has.
            records: evaluations of residual networks.
            flops: multiply-accumulates of each network for one image.
            params: number of parameters of each network.

        Raises:
            InputError: the networks are not residual, or differ in their number of stages.
        """
        networks = [residual(record) for record in records]
        stages = {len(network.depths) for network in networks}
        if len(stages) > 1:
            raise InputError(f"networks of {sorted(stages)} stages; shares compare networks of one number of stages")
        return cls.from_networks(
            metric,
            [record.metrics[metric] for record in records],
            networks,
            varying(block_variables([record.parameters for record in records])),
            flops,
            params,
            [record.key for record in records],
        )

    @classmethod
    def from_networks(
        cls,
        metric: str,
        score: Sequence[float],
        networks: Sequence[ResidualNetwork],
        blocks: Mapping[str, NDArray[np.str_]],
        flops: Sequence[int],
        params: Sequence[int],
        keys: Sequence[str],
    ) -> "Observations":
        """Describe networks that have the same number of stages; all other arguments have one value a network."""
        return cls(
            metric=metric,
            score=np.array(score, dtype=np.float64),
            depths=np.array([network.depths for network in networks], dtype=np.float64),
            widths=np.array([network.widenings for network in networks], dtype=np.float64),
            flops=np.array(flops, dtype=np.float64),
            params=np.array(params, dtype=np.float64),
            blocks=blocks,
            keys=tuple(keys),
        )

    def __len__(self) -> int:
        return len(self.score)

    @property
    def stages(self) -> int:
        """Return the number of stages of every network."""
        return int(self.depths.shape[1])

    @property
    def depth_shares(self) -> Floats:
        """Return the share (n, stages) of each stage in the sum of depths."""
        return stage_shares(self.depths)

    @property
    def width_shares(self) -> Floats:
        """Return the share (n, stages) of each stage in the sum of widths."""
        return stage_shares(self.widths)

    @property
    def depth_to_width(self) -> Floats:
        """Return the papers' r_D (n,): the sum of depths divided by the sum of depths and widths."""
        return depth_to_width(self.depths, self.widths)

    def __getitem__(self, rows: Integers) -> "Observations":
        """Select rows by index (k,)."""
        blocks = varying({name: values[rows] for name, values in self.blocks.items()})
        columns = {name: getattr(self, name)[rows] for name in COLUMNS}
        return replace(self, **columns, blocks=blocks, keys=tuple(self.keys[row] for row in rows))

    def with_score(self, score: Floats) -> "Observations":
        """Return the same networks with other scores (n,), such as those of a simulation."""
        return replace(self, score=score)


def first_maximised(run: SearchResult) -> str:
    """Return the name of the first objective that is maximised; raise InputError without one."""
    maximised = [o.metric for o in run.setup.problem.objectives if o.direction == "maximize"]
    if not maximised:
        raise InputError("the run has no objective that it maximises; give metric, the name of the score")
    return maximised[0]


def residual(record: Record) -> ResidualNetwork:
    """Return the network of a record; raise InputError if it is not residual."""
    if not isinstance(record.architecture, ResidualNetwork):
        raise InputError(
            f"a network of kind {record.architecture.kind!r} has no stages of blocks; "
            "rules of depth and width are about residual networks"
        )
    return record.architecture


def beyond_stages(parameters: Mapping[str, Choice]) -> dict[str, Choice]:
    """Return the values of all variables except depths and widths, by name."""
    return {name: value for name, value in parameters.items() if not name.startswith(("depth", "width"))}


def block_variables(parameters: Iterable[Mapping[str, Choice]]) -> dict[str, NDArray[np.str_]]:
    """Return the values (n,), as texts, of all variables except depths and widths; inactive ones are marked as such."""
    named = [beyond_stages(active) for active in parameters]
    names = dict.fromkeys(name for values in named for name in values)
    return {name: np.array([str(values.get(name, INACTIVE)) for values in named]) for name in names}


def varying(blocks: Mapping[str, NDArray[np.str_]]) -> dict[str, NDArray[np.str_]]:
    """Return the variables that take more than one value."""
    return {name: values for name, values in blocks.items() if len(np.unique(values)) > 1}
