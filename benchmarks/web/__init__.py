"""The web process whose API is measured: the project's own, beside the least that a view could do."""
