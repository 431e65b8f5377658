"""From one edition, or one academic year, to the next: what comes along, what is asked again, what is put away."""
