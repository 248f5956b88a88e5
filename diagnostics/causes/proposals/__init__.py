"""Proposals: from findings to hypotheses, family by family."""
