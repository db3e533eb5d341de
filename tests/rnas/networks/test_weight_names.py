from hypothesis import given
from hypothesis import strategies as st

from rnas.networks.weight_names import Rename, WeightNames

NAMES = WeightNames(
    "someone/something",
    renames=(Rename("blocks.{}.layer.{}.skip.", "stages.{}.{}.shortcut."), Rename("bn1.", "norm.")),
    training_only=("auxiliary.",),
)
PART = st.text("abc0123456789_", min_size=1, max_size=4)
PATH = st.lists(PART, min_size=1, max_size=4).map(".".join)


def test_beginnings_are_renamed_and_the_rest_is_kept() -> None:
    assert NAMES.ours("blocks.2.layer.11.skip.0.weight") == "stages.2.11.shortcut.0.weight"
    assert NAMES.ours("bn1.bias") == "norm.bias"
    assert NAMES.ours("blocks.2.layer.11.bn1.bias") == "blocks.2.layer.11.bn1.bias"
    assert NAMES.ours("bn10.bias") == "bn10.bias"


def test_what_only_training_reads_has_no_name() -> None:
    assert NAMES.ours("auxiliary.weight") is None


@given(PART, PART, PATH)
def test_inverse(stage: str, block: str, rest: str) -> None:
    for original in (f"blocks.{stage}.layer.{block}.skip.{rest}", f"bn1.{rest}", f"other.{rest}"):
        ours = NAMES.ours(original)
        assert ours is not None
        assert NAMES.original(ours) == original
