"""Write the sentences and tables on a rule, from the JSON of :class:`rnas.Findings`."""

from collections.abc import Mapping, Sequence
from typing import Any

from rnas.report._blocks import Block, Facts, Heading, Table, columns, notes
from rnas.scaling_rules._proportion import proportion_text, share_text
from rnas.scaling_rules.verdict import LEVEL, Verdict
from rnas.utils._metric import MISSING, Metric
from rnas.utils.quantities import format_size, pluralize

Content = Mapping[str, Any]

_AT_AN_END = 0.5


def metric_of(content: Content) -> Metric:
    """Return the metric of the score, which also formats its values."""
    return Metric(content["metric"], content["kind"])


def scope_sentence(content: Content) -> str:
    """Return the sentence that says what the rule was fitted to."""
    low, high = map(format_size, content["flops"])
    fitted = ""
    if content["fitted"] < content["evaluations"]:
        fitted = f"; the model is fitted to {content['fitted']:,} of them, drawn at random"
    return (
        f"{pluralize(content['evaluations'], 'evaluation')} of residual networks, {low} to {high} FLOPs, "
        f"by {metric_of(content).phrase}{fitted}."
    )


def section(content: Content, evaluations: int) -> list[Block]:
    """Return the verdicts on a rule and the optimum of each quantity, which its run's report shows too.

    Args:
        content: the findings.
        evaluations: number of complete evaluations of residual networks by now.
    """
    stale = stale_sentence(content, evaluations)
    return [
        scope_sentence(content),
        *notes([stale] if stale else []),
        Facts({f"{name}: {verdict}": reason for name, verdict, reason in verdict_sentences(content)}),
        quantities_table(content),
        METHOD,
    ]


def blocks(content: Content, sentence: str, figures: Sequence[Block] = ()) -> list[Block]:
    """Return everything that was found: verdicts first, then what they rest on.

    Args:
        content: the findings.
        sentence: the likeliest rule in words.
        figures: what a page draws.
    """
    shown: list[Block] = [
        Heading("Rules of depth and width"),
        *section(content, content["evaluations"]),
        f"The likeliest rule, whether or not it is identified: {sentence}.",
        Heading("The paper's estimate"),
        PAPERS,
    ]
    for of in ("depth", "width"):
        if (table := ranking_table(content, of)) is not None:
            shown += [table, *ranking_sentences(content, of)]
    if content["ranking"]["missing"]:
        shown.append(f"This estimate is not available: {content['ranking']['missing']}.")
    if figures:
        shown += [Heading("Figures"), *figures]
    shown += [Heading("What predicts the scores"), explained_table(content), explained_sentence(content)]
    if (table := blocks_table(content)) is not None:
        shown += [Heading("Block"), table, BLOCKS]
    shown += [Heading("Growth with the budget"), exponents_sentence(content)]
    if (table := drifts_table(content)) is not None:
        shown += [Heading("Drift between rungs"), table, DRIFTS]
    return shown


def stale_sentence(content: Content, evaluations: int) -> str:
    """Return a warning that the run has more evaluations by now; empty if it has not."""
    if evaluations <= content["evaluations"]:
        return ""
    return (
        f"The run has {evaluations:,} complete evaluations by now, but this section uses only the first "
        f"{content['evaluations']:,}. Run rnas rules to update it."
    )


def verdict_sentences(content: Content) -> list[tuple[str, str, str]]:
    """Return for each part its name, its verdict and the reason."""
    return [
        (_capital(family["name"]), _verdict_words(family), _reason(family, metric_of(content)))
        for family in content["families"]
    ]


def summary(content: Content) -> str:
    """Return the verdicts in one line."""
    return _capital("; ".join(f"{family['name']}: {_verdict_words(family)}" for family in content["families"])) + "."


def quantities_table(content: Content) -> Table:
    """Return the table of the optimum of every quantity, with RobustScaling's value."""
    rows = []
    for family in content["families"]:
        for quantity in family["quantities"]:
            optimum, published = quantity["optimum"], quantity["published"]
            rows.append(
                (
                    quantity["name"],
                    share_text(optimum["value"]),
                    _range(optimum),
                    MISSING if published is None else share_text(published),
                    f"{quantity['at_edge']:.0%}",
                )
            )
    headings = ("quantity", "optimum", "90 % interval", "RobustScaling", "at an end of the searched range")
    return Table(columns(*headings), tuple(rows), "Optimum of each quantity.")


def ranking_table(content: Content, of: str) -> Table | None:
    """Return the table of shares of "depth" or "width" of top-ranked, uniform and bottom-ranked networks, or None."""
    ranked = content["ranking"][of]
    if ranked is None:
        return None
    metric = metric_of(content)
    stages = [f"{of[0].upper()}{stage}" for stage in range(1, content["stages"] + 1)]
    rows = [
        (
            name,
            *map(share_text, group["shares"]),
            proportion_text(group["shares"]),
            metric.format(group["score"]),
            f"{group['place']:.0%}",
            f"{group['networks']:,}",
        )
        for name, group in (
            ("top tenth", ranked["top"]),
            ("uniform", ranked["uniform"]),
            ("bottom tenth", ranked["bottom"]),
        )
        if group is not None
    ]
    headings = (f"total {of}", *stages, "proportion", f"mean {metric.phrase}", "better than share of level", "networks")
    return Table(columns(*headings), tuple(rows), f"Shares of {of} of the networks ranked top, uniform and bottom.")


def ranking_sentences(content: Content, of: str) -> list[str]:
    """Return sentences on levels, correlation and bias of the ranking of "depth" or "width"."""
    ranked = content["ranking"][of]
    if ranked is None:
        return []
    levels = ranked["levels"]
    kind = "bin" if ranked["binned"] else "level"
    said = f"{pluralize(len(levels), kind)} of total {of}, {levels[0]['low']:g} to {levels[-1]['high']:g}"
    if ranked["left_out"]:
        said += f"; {pluralize(ranked['left_out'], 'network')} of other levels left out"
    sentences = [f"{said}."]
    if ranked["tau"] is not None:
        sentences.append(
            f"Kendall's tau of total {of} and {metric_of(content).phrase}: {ranked['tau']:.2f} "
            f"({p_text(ranked['p_value'])})."
        )
    biases = [bias[of] for bias in content["ranking"]["biases"] if bias[of] is not None]
    if biases and all(bias["signal"] == 0 for bias in biases):
        sentences.append(
            f"Its bias: at equal FLOPs, shares of {of} explain no more of these scores than noise would. The estimate "
            f"from the design alone is {proportion_text(biases[0]['mean'])}."
        )
    elif biases:
        returned = "; ".join(
            f"{proportion_text(bias['truth'])} is estimated as {proportion_text(bias['mean'])}" for bias in biases
        )
        sentences.append(
            f"Its bias, simulated {content['ranking']['biases'][0]['draws']} times on this design with the noise of "
            f"these scores, where the true shares explain {biases[0]['signal']:.0%} of the variance at equal FLOPs: "
            f"{returned}."
        )
    return sentences


def explained_table(content: Content) -> Table:
    """Return the table of the share of the scores' variance that each hypothesis predicts."""
    rows = tuple((name, _variance(share)) for name, share in content["explained"].items())
    return Table(columns("hypothesis", "variance predicted"), rows)


def explained_sentence(content: Content) -> str:
    """Return the sentence that compares the predictions by shares and by capacity."""
    capacity, shares = (_variance(content["explained"][f"FLOPs and {other}"]) for other in ("params", "shares"))
    return (
        f"Each score is predicted from all others. FLOPs and shares predict {shares} of the variance; the competing "
        f"hypothesis, FLOPs and params, predicts {capacity}. These numbers depend on how the search chose its networks."
    )


def blocks_table(content: Content) -> Table | None:
    """Return the table of the effect of each choice of each block variable; None if none varies."""
    if not content["blocks"]:
        return None
    metric = metric_of(content)
    rows = tuple(
        (
            effect["variable"].replace("_", " "),
            effect["value"],
            f"{effect['evaluations']:,}",
            gain_text(effect["effect"], metric),
            p_text(effect["p_value"]).removeprefix("p "),
            "" if effect["p_value"] <= LEVEL else "indistinguishable from 0",
        )
        for effect in content["blocks"]
    )
    effect = f"effect on {metric.phrase} [90 %]"
    return Table(columns("variable", "choice", "evaluations", effect, "p (Holm)", "", words=2), rows)


def exponents_sentence(content: Content) -> str:
    """Return the sentence on the growth of depth and width with FLOPs."""
    found = content["exponents"]
    if found is None:
        return (
            "Exponents of depth and width in FLOPs cannot be estimated. The budgets are less than a factor of two "
            "apart, r_D does not vary, or its optimum may be outside the searched range."
        )
    low, high = map(format_size, found["flops"])
    return (
        f"From {low} to {high} FLOPs, at the best r_D of each budget, the sum of depths grows as FLOPs to the power "
        f"{_signed(found['depth'])}, and the sum of widths as FLOPs to the power {_signed(found['width'])}. If the "
        "best r_D were the same at all budgets, both would be about a third."
    )


def drifts_table(content: Content) -> Table | None:
    """Return the table of the optimum at lower rungs; None without lower rungs."""
    if not content["drifts"]:
        return None
    rows = tuple(
        (
            drift["quantity"],
            f"{drift['below_highest']} below the highest",
            f"{share_text(drift['optimum']['value'])} ({_range(drift['optimum'])})",
            f"{drift['shift']['value']:+z.2f} [{drift['shift']['low']:+z.2f}, {drift['shift']['high']:+z.2f}]",
            "moves" if drift["found"] else "indistinguishable from 0",
        )
        for drift in content["drifts"]
    )
    headings = ("quantity", "rung", "optimum there (90 %)", "shift from the highest [90 %]", "")
    return Table(columns(*headings, words=2), rows)


METHOD = (
    "The model is a Gaussian process of FLOPs and params, block, depth shares, width shares and r_D, with no assumed "
    "form. Shares are those of the sum of depths in blocks, and of the sum of widths in multiples of 16, 32, 64 and "
    "128 channels; r_D is the sum of depths divided by both sums together. Optima are adjusted for FLOPs, params and "
    "block. P-values are corrected for the number of parts (Holm), and verdicts are at a level of 5 %. What an optimum "
    "is worth is its gain over the uniform network, which has equal shares and r_D .5, or over the average of the "
    "networks if no uniform one was searched."
)

PAPERS = (
    "The paper's estimate describes the networks that scored best. It ranks networks within levels of a total, "
    "whatever else varies there, and is biased towards uniform shares."
)

BLOCKS = (
    "Effects are relative to the mean over the choices of a variable, and adjusted for FLOPs, params, shares and the "
    "other variables."
)

DRIFTS = (
    "If an optimum moves between rungs, longer training may move it further, so that the verdict on its part is "
    "withdrawn."
)


def gain_text(interval: Mapping[str, float], metric: Metric) -> str:
    """Format a difference of scores with its interval, in points if scores are accuracies."""
    if metric.kind == "proportion":
        value, low, high = (f"{100 * interval[name]:+z.1f}" for name in ("value", "low", "high"))
        return f"{value} points [{low}, {high}]"
    value, low, high = (f"{interval[name]:+z.3g}" for name in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def p_text(p_value: float) -> str:
    """Format a p-value: ``p .032``, ``p < .001``."""
    return "p < .001" if p_value < 0.001 else f"p {p_value:.3f}".replace("0.", ".")


def _verdict_words(family: Content) -> str:
    needed = family["evaluations_needed"]
    about = "at least" if family.get("needed_is_least") else "about"
    return str(family["verdict"]) + ("" if needed is None else f" ({about} {needed:,} evaluations like these needed)")


def _reason(family: Content, metric: Metric) -> str:
    verdict = Verdict(family["verdict"])
    name, quantities = family["name"], family["quantities"]
    gain = f"{gain_text(family['gain'], metric)} over the uniform network"
    given, given_flops = p_text(family["p_value"]), p_text(family["p_value_flops"])
    if verdict is Verdict.CAPACITY:
        return (
            f"Given FLOPs alone {_matter(name)} ({given_flops}); given FLOPs and params, the remaining "
            f"effect is indistinguishable from 0 ({given}). The best networks may share it because of their parameters."
        )
    if family["p_value"] > LEVEL:
        return (
            f"Its effect is indistinguishable from 0 given FLOPs and params ({given}) and also given FLOPs alone "
            f"({given_flops})."
        )
    shown = f"Given FLOPs and params {_matter(name)} ({given})"
    if family["gain"]["low"] <= 0:
        return (
            f"{shown}, but the gain of the likeliest optimum, {_optimum(family)}, is indistinguishable from 0: {gain}."
        )
    likeliest = f"The likeliest optimum, {_optimum(family)}, is worth {gain} ({given})"
    if verdict is Verdict.EDGE:
        ends = ", ".join(quantity["name"] for quantity in quantities if quantity["at_edge"] > _AT_AN_END)
        return f"{likeliest}, but {ends} is best at an end of the searched range; the optimum may be outside."
    if verdict is Verdict.NOT_AT_THIS_FIDELITY:
        return f"{likeliest}, but it moves between the rungs, and may move further with longer training."
    if verdict is Verdict.NOT_IDENTIFIED:
        return (
            f"{likeliest}, but its intervals are not all near RobustScaling and do not exclude it: "
            f"{_intervals(quantities)}."
        )
    return f"{likeliest}: {_intervals(quantities)}."


def _matter(name: str) -> str:
    return "r_D matters" if name == "depth to width" else f"{name} matter"


def _optimum(family: Content) -> str:
    values = [quantity["optimum"]["value"] for quantity in family["quantities"]]
    if len(values) == 1:
        return f"{family['quantities'][0]['name']} {share_text(values[0])}"
    names = ":".join(quantity["name"] for quantity in family["quantities"])
    return f"{names} = {proportion_text(values)}"


def _intervals(quantities: Sequence[Content]) -> str:
    return ", ".join(
        f"{quantity['name']} {_range(quantity['optimum'])}"
        + ("" if quantity["published"] is None else f" (published {share_text(quantity['published'])})")
        for quantity in quantities
    )


def _range(interval: Mapping[str, float]) -> str:
    return f"{share_text(interval['low'])} to {share_text(interval['high'])}"


def _signed(interval: Mapping[str, float]) -> str:
    return f"{interval['value']:.2f} [{interval['low']:.2f}, {interval['high']:.2f}]"


def _variance(share: float) -> str:
    return "none" if share <= 0 else f"{share:.0%}"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
