"""Rank networks by robust accuracy, in one table for each set of evaluations that can be compared."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rnas.statistics._holm import holm
from rnas.statistics._mcnemar import mcnemar
from rnas.statistics.proportions import Proportion
from rnas.utils._tabular import Tabular, notebook_table
from rnas.utils.quantities import format_size

LEVEL = 0.05
"""Level of the tests: a network with a larger adjusted p-value is indistinguishable from the best."""


@dataclass(frozen=True)
class LeaderboardAccuracy:
    """An accuracy with its interval, and the result of each image.

    Attributes:
        share: share of the images that are classified correctly.
        right: whether each image is classified correctly, in the order of the images.
    """

    share: Proportion
    right: tuple[bool, ...]


@dataclass(frozen=True)
class LeaderboardFlag:
    """A reason to doubt an evaluation: its name and its explanation."""

    name: str
    explanation: str


@dataclass(frozen=True)
class Entry:
    """One network's evaluation.

    Attributes:
        name: of the network.
        source: name of the file that the evaluation was read from.
        setting: facts, by name, that must agree for two evaluations to be compared, including ``data`` and ``threat``.
        clean: accuracy on the unchanged images.
        attacks: accuracy under each attack, by its name, and, if there are several threats, under each threat. Entries
            of one setting have the same names.
        worst_case: accuracy under all attacks together.
        params: number of parameters.
        flops: multiply-accumulates for one image; None where that is not known.
        flags: reasons for doubt.
        note: text that a reader of results on these data must know; may be empty.
        weight_notes: sentences on what is not known of its weights.
    """

    name: str
    source: str
    setting: Mapping[str, str]
    clean: LeaderboardAccuracy
    attacks: Mapping[str, LeaderboardAccuracy]
    worst_case: LeaderboardAccuracy
    params: int
    flops: int | None
    flags: tuple[LeaderboardFlag, ...]
    note: str = ""
    weight_notes: tuple[str, ...] = ()

    @property
    def flops_text(self) -> str:
        """Return the FLOPs to three digits; empty where they are not known."""
        return "" if self.flops is None else format_size(self.flops)


@dataclass(frozen=True)
class LeaderboardRow:
    """One line of a table.

    Attributes:
        place: rank, 1 for the highest worst-case accuracy; equal accuracies share a rank.
        name: name of the network, with the name of its file if another network of the table has the same name.
        entry: the network's evaluation.
        p_value: p-value of the paired test against the first line, adjusted for the number of lines; None on the first
            line.
    """

    place: int
    name: str
    entry: Entry
    p_value: float | None

    @property
    def as_good_as_the_best(self) -> bool:
        """Return whether the network is indistinguishable from the best on these images."""
        return self.p_value is None or self.p_value >= LEVEL


@dataclass(frozen=True)
class LeaderboardTable:
    """A table of evaluations that can be compared, best first.

    Attributes:
        setting: the facts in which they agree.
        rows: the lines, at least one.
        notes: sentences that a reader of results on these data must know, and what is not known of which weights.
        apart: difference to the most similar earlier table; empty in the first table.
    """

    setting: Mapping[str, str]
    rows: tuple[LeaderboardRow, ...]
    notes: tuple[str, ...]
    apart: str


@dataclass(frozen=True)
class Leaderboard(Tabular):
    """Hold networks that are ranked by robust accuracy.

    Attributes:
        tables: one for each set of evaluations that can be compared, the one with most networks first.
    """

    tables: tuple[LeaderboardTable, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the tables as JSON values, without the results of single images."""
        return {
            "schema_version": 1,
            "test": f"exact McNemar against the best of the table, adjusted by Holm, at {LEVEL}",
            "tables": [
                {
                    "setting": dict(table.setting),
                    "notes": list(table.notes),
                    "apart": table.apart,
                    "networks": [
                        {
                            "place": row.place,
                            "name": row.name,
                            "file": row.entry.source,
                            "worst_case": _json(row.entry.worst_case.share),
                            "clean": _json(row.entry.clean.share),
                            "attacks": {name: _json(a.share) for name, a in row.entry.attacks.items()},
                            "p_value": row.p_value,
                            "as_good_as_the_best": row.as_good_as_the_best,
                            "params": row.entry.params,
                            "flops": row.entry.flops,
                            "flags": [{"name": flag.name, "explanation": flag.explanation} for flag in row.entry.flags],
                        }
                        for row in table.rows
                    ],
                }
                for table in self.tables
            ],
        }

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each network; ``table`` counts from 1."""
        return [
            {
                "table": number,
                "place": row.place,
                "network": row.name,
                "worst_case": row.entry.worst_case.share.value,
                "clean": row.entry.clean.share.value,
                "p_value": row.p_value,
                "params": row.entry.params,
                "flops": row.entry.flops,
                **table.setting,
            }
            for number, table in enumerate(self.tables, 1)
            for row in table.rows
        ]

    def _repr_html_(self) -> str:
        columns = ("table", "place", "network", "worst_case", "clean", "p_value", "params", "flops")
        rows = [
            [f"{row[name]:.4g}" if isinstance(row[name], float) else row[name] for name in columns]
            for row in self.rows()
        ]
        return notebook_table("Networks by worst-case accuracy", columns, rows)


def tables(entries: Sequence[Entry]) -> tuple[LeaderboardTable, ...]:
    """Rank evaluations in one table for each setting, the one with most networks first.

    Each network is compared with the best of its table by McNemar's exact test on the images under the worst case. The
    p-values are adjusted by Holm's method for the number of comparisons.
    """
    together: dict[tuple[tuple[str, str], ...], list[Entry]] = {}
    for entry in entries:
        together.setdefault(tuple(sorted(entry.setting.items())), []).append(entry)
    ordered = sorted(together.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    settings = [members[0].setting for _, members in ordered]
    ranked = [_rows(members) for _, members in ordered]
    return tuple(
        LeaderboardTable(settings[at], rows, _notes(rows), _apart(settings[at], settings[:at]))
        for at, rows in enumerate(ranked)
    )


def _rows(entries: Sequence[Entry]) -> tuple[LeaderboardRow, ...]:
    ranked = sorted(entries, key=lambda entry: (-entry.worst_case.share.value, -entry.clean.share.value, entry.source))
    best, *others = (entry.worst_case.right for entry in ranked)
    p_values = [None, *holm([mcnemar(best, other) for other in others])]
    values = [entry.worst_case.share.value for entry in ranked]
    names = Counter(entry.name for entry in ranked)
    return tuple(
        LeaderboardRow(
            values.index(entry.worst_case.share.value) + 1,
            entry.name if names[entry.name] == 1 else f"{entry.name} ({entry.source})",
            entry,
            p_value,
        )
        for entry, p_value in zip(ranked, p_values, strict=True)
    )


def _notes(rows: Sequence[LeaderboardRow]) -> tuple[str, ...]:
    unknown: dict[str, list[str]] = {}
    for row in rows:
        for note in row.entry.weight_notes:
            unknown.setdefault(note, []).append(row.name)
    of_networks = (f"{', '.join(names)}: {note}" for note, names in unknown.items())
    return (*sorted({row.entry.note for row in rows if row.entry.note}), *of_networks)


def _apart(setting: Mapping[str, str], earlier: Sequence[Mapping[str, str]]) -> str:
    """Return the sentence on the difference to the most similar earlier setting."""
    if not earlier:
        return ""
    differing = [_differing(setting, other) for other in earlier]
    nearest = min(range(len(earlier)), key=lambda at: len(differing[at]))
    facts = ", ".join(
        f"{name} {setting.get(name, 'none')} instead of {earlier[nearest].get(name, 'none')}"
        for name in differing[nearest]
    )
    return f"This table is separate from table {nearest + 1} because of {facts}."


def _differing(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    return [name for name in dict.fromkeys([*one, *other]) if one.get(name) != other.get(name)]


def _json(share: Proportion) -> dict[str, float]:
    return {"accuracy": share.value, "low": share.low, "high": share.high, "images": share.images}
