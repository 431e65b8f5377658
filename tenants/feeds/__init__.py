"""Due dates as calendars that other programs read."""
