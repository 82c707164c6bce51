# Without a digest here: which build of the base to trust is the deployer's choice, e.g.
# --build-arg BASE=python:3.13-slim@sha256:…
ARG BASE=python:3.13-slim
# The time that everything is built at, as seconds since 1970: the same input gives the same
# layers then. docs/releasing.md has the command.
ARG SOURCE_DATE_EPOCH=0

FROM ${BASE} AS build
ARG SOURCE_DATE_EPOCH
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
RUN python -m venv /venv
COPY requirements.txt ./
# Wheels alone: nothing that is downloaded runs code while it is installed. What installs is
# not wanted where the panel runs.
RUN /venv/bin/pip install --require-hashes --only-binary :all: --no-compile \
       --requirement requirements.txt \
    && /venv/bin/pip uninstall --quiet --yes pip setuptools
# What is in here, and under which licences: files of the image, for whoever must know.
COPY pyproject.toml LICENSE requirements.txt /build/
COPY .ci/sbom.py .ci/licences.py /build/tools/
RUN /venv/bin/python /build/tools/sbom.py --image > sbom.cdx.json \
    && /venv/bin/python /build/tools/licences.py licences
COPY manage.py ./
COPY adminpanel ./adminpanel
COPY pools ./pools
COPY templates ./templates
COPY static ./static
COPY docs/verify_ledger.py ./docs/
# Loading the settings needs values; these are made here, and forgotten with this step.
RUN /venv/bin/python manage.py newkeys --host localhost --database sqlite:////tmp/build.sqlite3 \
       > /tmp/build.env \
    && set -a && . /tmp/build.env \
    && /venv/bin/python manage.py collectstatic --no-input --verbosity 0 \
    && rm /tmp/build.env \
    && find /app /venv -name __pycache__ -prune -exec rm -r {} + \
# By what the sources hold, and in one process: neither the time nor the order is in the bytes.
    && /venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /app /venv

FROM ${BASE}
ARG SOURCE_DATE_EPOCH
RUN groupadd --gid 10001 panel \
    && useradd --uid 10001 --gid panel --no-create-home --home-dir /nonexistent \
       --shell /usr/sbin/nologin panel \
    && install --directory --owner panel --group panel --mode 0700 /data
COPY --from=build /venv /venv
COPY --from=build /app /app
# Nothing is written to the image's own files: a read-only root works.
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 WEB_BIND=0.0.0.0:8000
WORKDIR /app
USER 10001:10001
VOLUME ["/data"]
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-m", "adminpanel.alive"]
CMD ["gunicorn", "--config", "adminpanel/gunicorn_conf.py", "adminpanel.wsgi:application"]
