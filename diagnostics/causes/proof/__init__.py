"""Proof: a fault is taken out of the rows again, and the rows and the model say whether it was one."""
