"""Hides as little as possible of a set of tables so that no sensitive number can be worked out. No database, no Flask."""
