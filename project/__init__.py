"""The deployable project: wiring only, nothing imports it."""
