"""Local authorities, trusts and schools: the register."""
