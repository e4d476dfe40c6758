import uvloop
from django.core.management.base import BaseCommand, CommandParser

from jobs.worker.loop import run


class Command(BaseCommand):
    help = "Runs a worker until it is told to stop; the same as `python worker.py`."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--burst", action="store_true", help="Stop when nothing is left to run.")

    def handle(self, *, burst: bool, **_: object) -> None:
        uvloop.run(run(burst=burst))
