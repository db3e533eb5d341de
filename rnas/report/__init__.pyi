from . import (
    figures as figures,
    replication_text as replication_text,
)
from ._blocks import (
    Block as Block,
    Cell as Cell,
    Code as Code,
    Column as Column,
    Facts as Facts,
    Heading as Heading,
    Line as Line,
    Table as Table,
)
from ._page import write_blocks as write_blocks
from ._terminal import print_blocks as print_blocks
from .rules import (
    p_text as p_text,
    verdict_sentences as verdict_sentences,
)
