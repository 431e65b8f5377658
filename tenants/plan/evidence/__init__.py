"""What shows that an action is done: files, links and notes, with their revisions."""
