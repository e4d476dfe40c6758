"""Django's app of the benchmark's task."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "benchmarks.web"
    label = "benchmarks_web"
