"""Courses, who needs them, who has done them."""
