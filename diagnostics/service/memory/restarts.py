"""Files that keep a leaking service alive: it is replaced before it is full. The leak stays; these gain the time to fix it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from diagnostics.nouns.words import N_


@dataclass(frozen=True, kw_only=True)
class Planned:
    """requests: after which a worker is replaced; hours: between two restarts of the whole; memory: limit in MB."""

    requests: int = 1_000
    hours: int = 24
    memory: int = 2_048
    app: str = "service:app"
    workers: int = 2


TITLES: Final = {
    "gunicorn.conf.py": N_("Workers replaced one by one (gunicorn)"),
    "model.service": N_("systemd"),
    "model.conf": N_("supervisor"),
    "deployment.yaml": N_("Kubernetes"),
}


def files(p: Planned) -> dict[str, str]:
    """Name to content. Each starts the same service."""
    start = f"gunicorn -c gunicorn.conf.py {p.app}"
    return {
        "gunicorn.conf.py": f"""bind = "0.0.0.0:8000"
workers = {p.workers}
worker_class = "gthread"
threads = 4
preload_app = False
max_requests = {p.requests}  # a worker is replaced after so many requests ...
max_requests_jitter = {max(1, p.requests // 5)}  # ... not all at the same moment
graceful_timeout = 30
""",
        "model.service": f"""[Unit]
Description=Model service
After=network-online.target

[Service]
WorkingDirectory=/service
ExecStart=/service/.venv/bin/{start}
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=5
# Started anew after so long, however well it looks.
RuntimeMaxSec={p.hours}h
# Slowed down at the first, ended at the second; without them the whole machine may go down.
MemoryHigh={round(0.8 * p.memory)}M
MemoryMax={p.memory}M

[Install]
WantedBy=multi-user.target
""",
        "model.conf": f"""[program:model]
directory=/service
command=/service/.venv/bin/{start}
autostart=true
autorestart=true
startsecs=10
stopwaitsecs=40
stopasgroup=true

; pip install superlance: restarts the program when it holds more than this.
[eventlistener:memory]
command=memmon -g model={round(0.8 * p.memory)}MB
events=TICK_60
""",
        "deployment.yaml": f"""apiVersion: apps/v1
kind: Deployment
metadata: {{name: model}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: model}}}}
  strategy: {{rollingUpdate: {{maxUnavailable: 0, maxSurge: 1}}}}
  template:
    metadata: {{labels: {{app: model}}}}
    spec:
      containers:
        - name: model
          image: model:latest
          ports: [{{containerPort: 8000}}]
          resources:
            requests: {{memory: {round(0.6 * p.memory)}Mi}}
            limits: {{memory: {p.memory}Mi}}
          startupProbe: {{httpGet: {{path: /health, port: 8000}}, periodSeconds: 5, failureThreshold: 60}}
          readinessProbe: {{httpGet: {{path: /health, port: 8000}}, periodSeconds: 5}}
          livenessProbe: {{httpGet: {{path: /health, port: 8000}}, periodSeconds: 20, timeoutSeconds: 10, failureThreshold: 6}}
---
# Every {p.hours} hours each pod is replaced by a new one, one after the other.
apiVersion: batch/v1
kind: CronJob
metadata: {{name: model-restart}}
spec:
  schedule: "0 {_hours(p.hours)} * * *"
  jobTemplate:
    spec:
      template:
        spec:
          serviceAccountName: model-restart  # may patch deployments of this namespace
          restartPolicy: Never
          containers:
            - name: kubectl
              image: bitnami/kubectl:latest
              command: [kubectl, rollout, restart, deployment/model]
""",
    }


def _hours(every: int) -> str:
    return "4" if every >= 24 else f"*/{every}"
