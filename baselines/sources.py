"""Name the papers whose tables the baselines quote, and write their rows in short form."""

from rnas.networks.weight_names import Rename, WeightNames
from rnas.networks.zoo import Published, PublishedAccuracy

ROBUST_RESNETS = "Huang, Lu, Deb, Boddeti: Revisiting Residual Networks for Adversarial Robustness, CVPR 2023"
ROBUST_WRN = (
    "Huang, Wang, Erfani, Gu, Bailey, Ma: Exploring Architectural Ingredients of Adversarially Robust Deep Neural "
    "Networks, NeurIPS 2021"
)
ROBNET = "Guo, Yang, Xu, Liu, Lin: When NAS Meets Robustness, CVPR 2020"

LIU = (
    "Liu, Tang, Liang, Gong, Wu, Liu, Tao: Exploring the Relationship between Architectural Design and Adversarially "
    "Robust Generalization, CVPR 2023"
)

ROBUST_RESNETS_CODE = "zhichao-lu/robust-residual-network"
ROBUST_WRN_CODE = "HanxunH/RobustWRN"
README = f"README of {ROBUST_RESNETS_CODE}"
ROBNET_CODE = "gmh14/RobNets"
ADVRUSH_CODE = "nutellamok/advrush"

ROBUST_RESNETS_NAMES = WeightNames(ROBUST_RESNETS_CODE)
ROBUST_WRN_NAMES = WeightNames(
    ROBUST_WRN_CODE,
    renames=(
        Rename("blocks.{}.layer.{}.convShortcut.", "blocks.{}.layer.{}.shortcut.0."),
        Rename("bn1.", "norm1."),
    ),
)
TRADES_NAMES = WeightNames(
    "yaodongyu/TRADES",
    renames=(
        Rename("conv1.", "stem_conv."),
        *(
            Rename(f"block{stage + 1}.layer.{{}}.{original}", f"blocks.{stage}.layer.{{}}.{ours}")
            for stage in range(3)
            for original, ours in (("convShortcut.", "shortcut.0."), ("", ""))
        ),
        Rename("bn1.", "norm1."),
    ),
    training_only=("sub_block1.",),
)
"""Names of the weights of residual networks in three implementations; those of MART, AWP, RST and of RobustBench's
WideResNet are those of TRADES. Its ``sub_block1`` is never run.
"""


def accuracies(text: str) -> list[PublishedAccuracy | None]:
    """Parse accuracies in the form of tables, ``84.62±0.06 55.90 -``; a dash is None."""
    read: list[PublishedAccuracy | None] = []
    for word in text.split():
        mean, _, spread = word.partition("±")
        read.append(None if word == "-" else PublishedAccuracy(float(mean), float(spread) if spread else None))
    return read


def comparison(params: str, flops: str, cifar10: str, cifar100: str, note: str = "") -> tuple[Published, ...]:
    """Return a row of the table that compares architectures under TRADES in the RobustResNets paper.

    Args:
        params: #P, in millions.
        flops: #F, in billions.
        cifar10: clean, PGD-20, CW-40 and AutoAttack.
        cifar100: the same for CIFAR-100.
        note: known errors of the row.
    """
    rows = []
    for dataset, text in (("cifar10", cifar10), ("cifar100", cifar100)):
        clean, pgd20, cw40, autoattack = accuracies(text)
        source = f"{ROBUST_RESNETS}, Table 2"
        rows.append(Published(dataset, "TRADES", source, clean, pgd20, cw40, autoattack, params, flops, note))
    return tuple(rows)


def block_comparison(params: str, flops: str, cifar10: str, cifar100: str, note: str = "") -> tuple[Published, ...]:
    """Return a row of Table 1 of the RobustResNets paper, for depth 11 and width 16: clean, PGD-20 and CW-40."""
    rows = []
    for dataset, text in (("cifar10", cifar10), ("cifar100", cifar100)):
        clean, pgd20, cw40 = accuracies(text)
        source = f"{ROBUST_RESNETS}, Table 1"
        rows.append(Published(dataset, "TRADES", source, clean, pgd20, cw40, None, params, flops, note))
    return tuple(rows)


def printed_size(params: str, flops: str, table: int, results: str, note: str = "") -> tuple[Published, ...]:
    """Return a row of a table in the README of the RobustResNets' code; the results are PGD-20 and CW-40."""
    pgd20, cw40 = accuracies(results)
    source = f"{README}, Table {table}"
    return (Published("cifar10", "TRADES", source, pgd20=pgd20, cw40=cw40, params=params, flops=flops, note=note),)


def other_trainings(sat: str, mart: str) -> tuple[Published, ...]:
    """Return the results of SAT and MART in the README of the RobustResNets' code: PGD-20 and CW-40 of each."""
    rows = []
    for training, text in (("SAT", sat), ("MART", mart)):
        pgd20, cw40 = accuracies(text)
        rows.append(Published("cifar10", training, f"{README}, CIFAR-10 ({training})", pgd20=pgd20, cw40=cw40))
    return tuple(rows)


def reconfiguration(
    dataset: str, training: str, params: str, last: str, best: str, note: str = ""
) -> tuple[Published, ...]:
    """Return a row of Table 2 of the RobustWRN paper, for the last checkpoint and for the one with the best PGD-20.

    Args:
        dataset: name of the data.
        training: the adversarial training.
        params: #P, in millions.
        last: clean, PGD-20 and AutoAttack of the last checkpoint; the steps of the paper's CW are unknown.
        best: the same for the best checkpoint.
        note: known errors of the row.
    """
    rows = []
    for checkpoint, text in (("best", best), ("last", last)):
        clean, pgd20, autoattack = accuracies(text)
        rows.append(
            Published(
                dataset,
                f"{training}, {checkpoint} checkpoint",
                f"{ROBUST_WRN}, Table 2",
                clean=clean,
                pgd20=pgd20,
                autoattack=autoattack,
                params=params,
                note=note,
            )
        )
    return tuple(rows)


def robnet_poster(dataset: str, params: str, clean: float, pgd20: float, note: str = "") -> Published:
    """Return a row of the tables of the RobNet poster, whose PGD-20 has steps of 2/255."""
    return Published(
        dataset,
        "PGD adversarial training",
        f"{ROBNET}, poster",
        clean=PublishedAccuracy(clean),
        pgd20=PublishedAccuracy(pgd20),
        params=params,
        note=note,
    )


def robust_generalization(params: str | None, values: str, corruptions: str = "- -") -> tuple[Published, ...]:
    """Return the two rows of a network in the tables of the paper on robust generalisation.

    Args:
        params: #P in millions, cut and not rounded; None if it is not printed.
        values: clean accuracy of standard training; then those of PGD adversarial training: clean, PGD-20,
            AutoAttack, PGD in l2 and in l1, and the worst case.
        corruptions: accuracy on CIFAR-10-C of both trainings.
    """
    standard, clean, pgd20, autoattack, pgd_l2, pgd_l1, worst_case = accuracies(values)
    vanilla, trained = accuracies(corruptions)
    cut = "" if params is None else "#P is cut, not rounded"
    robust = Published(
        "cifar10",
        "PGD adversarial training",
        LIU,
        clean=clean,
        pgd20=pgd20,
        autoattack=autoattack,
        pgd_l2=pgd_l2,
        pgd_l1=pgd_l1,
        worst_case=worst_case,
        corruptions=trained,
        params=params,
        note=cut,
    )
    return robust, Published("cifar10", "standard", LIU, clean=standard, corruptions=vanilla, params=params, note=cut)


FITS_PUBLIC_CODE = "the paper's code of it is not public; these are the layers of a public module of the printed size"
FITS_SIZE_ALONE = "the paper's code of it is not public; these layers were found from the printed size alone"
"""How certain the configurations of the networks of that paper are."""
