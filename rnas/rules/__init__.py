"""Rules: what a search says about how depth and width are spread, with its uncertainty."""

from rnas.rules.fit import Rules as Rules
from rnas.rules.fit import fit as fit
