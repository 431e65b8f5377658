"""Invented organisations, people and records for the demonstration. None of it is real."""
