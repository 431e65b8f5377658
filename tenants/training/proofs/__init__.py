"""What shows that people completed a course: a session with its register, a certificate."""
