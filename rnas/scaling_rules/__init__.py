"""Estimate, test and save rules: how to spread depth and width over the stages of a network."""

from rnas.scaling_rules.fit import Rules as Rules
from rnas.scaling_rules.fit import fit as fit
