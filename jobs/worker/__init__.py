"""The arq worker: claims jobs, runs them, records what they came to."""
