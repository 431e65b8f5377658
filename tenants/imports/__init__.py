"""Readers of other people's files, and what they mean here."""
