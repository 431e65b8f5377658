"""The action plan: editions, a school's plan, its answers and evidence."""
