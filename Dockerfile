# Model Clinic in one container: docker build -t model-clinic . && docker run -p 8501:8501 -v model-clinic:/data model-clinic
FROM python:3.13-slim

# What the PDF report draws its letters with.
RUN apt-get update && apt-get install -y --no-install-recommends \
    libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-liberation fonts-noto-cjk && rm -rf /var/lib/apt/lists/*

WORKDIR /app
RUN useradd --create-home --uid 10001 clinic && mkdir /data && chown clinic:clinic /data

COPY requirements.txt ./
RUN python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt

COPY app.py ./
COPY serve.py ./
COPY .streamlit ./.streamlit
COPY diagnostics ./diagnostics
COPY pages ./pages
COPY sample_data ./sample_data

ENV MODEL_CLINIC_HOME=/data PYTHONUNBUFFERED=1
USER clinic
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
# Open on purpose: who runs the image decides with -p who reaches it, and what stands in front (README, "Safety").
CMD ["python", "-m", "streamlit", "run", "serve.py", "--server.port=8501", "--server.address=0.0.0.0"]
