"""Predictors of a metric and its uncertainty from the features of a genome."""
