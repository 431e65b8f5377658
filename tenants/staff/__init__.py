"""The people who work at a school, and in which roles."""
