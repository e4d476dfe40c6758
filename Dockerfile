# Slim, not Alpine: the wheels are built for glibc.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
WORKDIR /app
COPY requirements.lock ./
RUN python -m venv /venv \
    && /venv/bin/pip install --require-hashes -r requirements.lock
COPY . .
RUN /venv/bin/python -m compileall -q consumers handoff jobs project \
    && /venv/bin/python manage.py collectstatic --no-input --verbosity 0 \
    && rm -f var/secret-key

FROM ${BASE}
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    LOG_FORMAT=json
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin handoff
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
# The only folder that is written to: uploads and results.
RUN install --directory --owner=handoff --group=handoff var/media
USER 10001:10001
EXPOSE 8000
VOLUME /app/var/media
# Both commands finish what they have begun, then end with code 0.
STOPSIGNAL SIGTERM
# Of web. A worker answers at WORKER_PORT if it has one: give it a check of its own (compose.yaml does), or none.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ.get(\"PORT\", 8000)}/livez', timeout=2)"]
# The other command is `python worker.py`.
CMD ["python", "manage.py", "web", "--host", "0.0.0.0"]
