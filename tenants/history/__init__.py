"""What records said before they were corrected."""
