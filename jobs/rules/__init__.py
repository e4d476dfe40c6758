"""Pure decisions: no clock, no SQL, no Redis. `now` and randomness come in as arguments."""
