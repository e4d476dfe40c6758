"""The pages: pick a task, fill in its form, watch the jobs."""
