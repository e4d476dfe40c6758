"""Handoff and its peers, measured in one run on one machine. `bin/bench` runs it; docs/benchmarks.md says how."""
