"""Existing action plans from Word documents."""
