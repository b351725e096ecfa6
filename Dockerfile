FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY lossnlp lossnlp
COPY models/default models/default
RUN python -m venv /opt/lossnlp \
    && /opt/lossnlp/bin/pip install --no-cache-dir ".[postgres]"

FROM python:3.12-slim
COPY --from=build /opt/lossnlp /opt/lossnlp
RUN useradd --uid 10001 --create-home --home-dir /data lossnlp
USER 10001
WORKDIR /data
ENV PATH=/opt/lossnlp/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    LOSSNLP_HOST=0.0.0.0 \
    LOSSNLP_DATABASE=sqlite:////data/feedback.db
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/livez', timeout=2)"]
CMD ["lossnlp", "serve"]
