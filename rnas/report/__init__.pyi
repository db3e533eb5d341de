from . import replication_text as replication_text
from .rules import (
    p_text as p_text,
    verdict_sentences as verdict_sentences,
)
