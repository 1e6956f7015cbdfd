# One image for every process: `docker build -t heliograph .`, then `docker run -p 8460:8460 heliograph`.
FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml README.md ./
COPY src src
RUN python -m venv /opt/heliograph && /opt/heliograph/bin/pip install --no-cache-dir --quiet '.[server]'

FROM python:3.13-slim
# The number is fixed, so that volumes keep their owner, and Kubernetes can tell that it is not root.
RUN useradd --system --uid 10001 --home-dir /var/lib/heliograph --shell /usr/sbin/nologin heliograph \
    && install --directory --mode=0700 --owner=heliograph /var/lib/heliograph
COPY --from=build /opt/heliograph /opt/heliograph
ENV PATH=/opt/heliograph/bin:$PATH \
    HELIOGRAPH_DATA_DIR=/var/lib/heliograph \
    HELIOGRAPH_HOST=0.0.0.0 \
    HELIOGRAPH_PORT=8460 \
    HELIOGRAPH_LOG_FORMAT=json \
    PYTHONUNBUFFERED=1
USER 10001
VOLUME /var/lib/heliograph
EXPOSE 8460
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8460/livez', timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["heliograph"]
CMD ["serve"]
