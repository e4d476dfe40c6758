from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    name = "jobs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Imports every app's `tasks` module, so that each process knows all tasks."""
        from jobs import checks  # noqa: F401  registers them

        autodiscover_modules("tasks")
