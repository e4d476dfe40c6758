from typing import Any

from django.db import migrations


def leave_room(_apps: Any, editor: Any) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute("ALTER TABLE jobs_job SET (fillfactor = 70)")


class Migration(migrations.Migration):
    """A job's row changes twice or more in its short life: with room on its page, PostgreSQL updates in place."""

    dependencies = [("jobs", "0001_initial")]

    operations = [migrations.RunPython(leave_room, migrations.RunPython.noop)]
