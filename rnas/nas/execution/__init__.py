"""Where evaluations run: in this process, or in one process per slot."""
