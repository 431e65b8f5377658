# One image for web, worker and cron; compose.yaml says which command each runs.
FROM python:3.12-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /app
COPY requirements-build.txt requirements-demo.txt ./
# The lock with Node.js in it: only this stage builds style sheets and scripts.
RUN python -m venv /build && /build/bin/pip install --require-hashes -r requirements-build.txt -r requirements-demo.txt
COPY . .
RUN /build/bin/python -m prevent_trust.assets.build && rm -rf node_modules
RUN python -m venv /venv \
  && /venv/bin/pip install --require-hashes -r requirements-build.txt -r requirements.txt \
  && /venv/bin/pip install --no-deps --no-build-isolation --editable .

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin prevent \
  && mkdir /files && chown prevent:prevent /files
WORKDIR /app
COPY --from=build /venv /venv
COPY --from=build /app /app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1
USER prevent
EXPOSE 8000
CMD ["prevent-trust", "serve", "--bind", "0.0.0.0:8000"]
