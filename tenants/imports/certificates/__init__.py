"""Certificates of training: read, guessed at, and recorded once somebody has confirmed who, which course and when."""
