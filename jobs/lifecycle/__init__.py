"""The only writers of Job.status: each verb changes rows and logs events in one transaction."""
