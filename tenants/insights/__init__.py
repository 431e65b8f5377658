"""From records to measures, from measures to figures, and for authorities through disclosure control."""
