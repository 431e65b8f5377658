"""Asking staff by mail which training they have done, what they say, and whether the school accepts it."""
