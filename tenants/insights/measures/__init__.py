"""Named selects: who, how many, as at when."""
