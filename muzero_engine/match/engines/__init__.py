"""Engines as opponents: processes and the protocols that they speak."""
