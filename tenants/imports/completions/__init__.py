"""Imports of completed training from other people's lists."""
