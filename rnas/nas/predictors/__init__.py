"""Surrogates: from features of a genome to a metric, with an uncertainty."""
