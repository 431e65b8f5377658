"""Dates of schools from outside: iCalendar files and tables."""
