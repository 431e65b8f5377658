"""A plan for people without an account: links to read it, and the pack for an inspection."""
