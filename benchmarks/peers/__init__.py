"""One folder a peer: requirements.txt (its environment), app.py (its tasks and client), contenders (its rows)."""
