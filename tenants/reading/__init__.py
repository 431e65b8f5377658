"""Documents that staff read and confirm."""
