"""Rules: what a search says about how depth and width are spread, with its uncertainty."""

from rnas.scaling_rules.fit import Rules as Rules
from rnas.scaling_rules.fit import fit as fit
