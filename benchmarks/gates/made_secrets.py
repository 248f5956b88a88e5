"""Made secrets of 40 kinds, as they stand in settings, log lines and code, and harmless values that look or sound like them."""

from __future__ import annotations

import base64
import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

LETTERS: Final = string.ascii_letters + string.digits
HEX: Final = "0123456789abcdef"


@dataclass(frozen=True)
class Sample:
    """path: name of a setting; "" where it is a line of a log or of code. secret: the part of the text that must not be shown."""

    kind: str
    path: str
    text: str
    secret: str


Made = Callable[[np.random.Generator], tuple[str, str, str]]


def _some(rng: np.random.Generator, letters: str, least: int, most: int) -> str:
    return "".join(rng.choice(list(letters), size=int(rng.integers(least, most + 1))))


def _password(rng: np.random.Generator) -> str:
    """Words, words with digits, random letters: as people and generators choose them."""
    words = ["Sommer", "horse", "battery", "staple", "Dragon", "monkey", "Fussball", "correct", "letmein", "Tokyo"]
    kind = int(rng.integers(3))
    if kind == 0:
        return str(rng.choice(words)) + str(rng.choice(words)).title() + str(rng.integers(10, 9999))
    if kind == 1:
        return _some(rng, LETTERS + "!#%*-_", 9, 20).replace("-", "x", 1)
    return "-".join(str(word) for word in rng.choice(words, size=3))


def _named(*names: str, make: Callable[[np.random.Generator], str] = _password) -> Made:
    def made(rng: np.random.Generator) -> tuple[str, str, str]:
        secret = make(rng)
        return str(rng.choice(list(names))), secret, secret

    return made


def _within(template: str, make: Callable[[np.random.Generator], str], path: str = "") -> Made:
    def made(rng: np.random.Generator) -> tuple[str, str, str]:
        secret = make(rng)
        return path, template.replace("@@", secret), secret

    return made


def _of(letters: str, least: int, most: int, prefix: str = "") -> Callable[[np.random.Generator], str]:
    return lambda rng: prefix + _some(rng, letters, least, most)


def _plain_password(rng: np.random.Generator) -> str:
    return _some(rng, LETTERS, 9, 20)


def _token(rng: np.random.Generator) -> str:
    part = base64.urlsafe_b64encode(rng.bytes(24)).decode().rstrip("=")
    return f"eyJ{part}.eyJ{part[::-1]}.{_some(rng, LETTERS, 30, 43)}"


KINDS: Final[dict[str, Made]] = {
    "password": _named("password", "db.password", "DB_PASSWORD", "PGPASSWORD", "spring.datasource.password"),
    "pass": _named("DB_PASS", "smtp_pass", "MAILPASS", "redis.pass"),
    "pwd": _named("MYSQL_PWD", "dbPwd", "LDAP_BIND_PW", "ftp_pwd"),
    "passphrase": _named("ssh.passphrase", "KEY_PASSPHRASE", "gpgPassphrase"),
    "other languages": _named("kennwort", "senha", "contrasena", "密码", "数据库密码", "пароль"),
    "secret": _named("client_secret", "clientSecret", "APP_SECRET", "flask.secret_key", "SECRET_KEY_BASE"),
    "credential": _named("CLIENT_CRED", "credentials", "svc_creds"),
    "token": _named("HF_TOKEN", "NPM_TOKENS", "TOKEN_1", "slackToken", "auth_token", make=_of(LETTERS, 12, 40)),
    "access token": _named("GH_PAT", "azure_devops_pat", make=_of(LETTERS.lower(), 40, 52)),
    "key of a service": _named(
        "OPENAI_KEY", "STRIPE_KEY", "APP_KEY", "maps.key", "apiKey", "X_API_KEY", make=_of(LETTERS, 20, 40)
    ),
    "access key": _named("AWS_SECRET_ACCESS_KEY", "storage.account_key", "masterKey", make=_of(LETTERS + "/+", 40, 40)),
    "hexadecimal key": _named("encryption_key", "signing-key", "hmac_key", make=_of(HEX, 32, 64)),
    "pin": _named("PIN", "card.pin", make=_of(string.digits, 4, 8)),
    "encryption": _named("ENCRYPTION", "FERNET", "fernet_key", make=lambda rng: base64.b64encode(rng.bytes(32)).decode()),
    "cookie": _named("COOKIE", "session_cookie", "SESSION", make=_of(LETTERS, 16, 40)),
    "salt": _named("password_salt", "SALT", make=_of(LETTERS, 12, 24)),
    "marked key": _within("@@", _of(LETTERS, 20, 40, "sk-"), "llm"),
    "GitHub": _within("@@", _of(LETTERS, 36, 36, "ghp_"), "deploy"),
    "GitLab": _within("clone with @@", _of(LETTERS, 20, 20, "glpat-")),
    "Slack": _within("@@", lambda rng: f"xoxb-{_some(rng, string.digits, 11, 12)}-{_some(rng, LETTERS, 24, 24)}", "notify"),
    "Slack address": _within("post to https://hooks.slack.com/services/T0AB12/B0CD34/@@", _of(LETTERS, 24, 24)),
    "Amazon": _within("using @@ in eu-west-1", _of(string.ascii_uppercase + string.digits, 16, 16, "AKIA")),
    "Google": _within("@@", _of(LETTERS + "_-", 35, 35, "AIza"), "geo"),
    "Hugging Face": _within("login --with @@", _of(LETTERS, 34, 34, "hf_")),
    "JSON web token": _within("rejected @@ of session 12", _token),
    "bearer": _within("Authorization: Bearer @@", _of(LETTERS, 16, 60)),
    "basic": _within("> Authorization: Basic @@", lambda rng: base64.b64encode(rng.bytes(15)).decode()),
    "login of a database": _within("connect postgres://svc:@@@db.corp:5432/x failed", _plain_password),
    "login with a slash": _within("postgres://user:@@/x@h/db", _plain_password, "url"),
    "login with an at sign": _within("postgres://us@er:@@@h/db", _plain_password, "url"),
    "login of a cache": _within("redis://:@@@cache:6379/0", _plain_password, "broker"),
    "login of an address": _within("GET https://bot:@@@host.example/v1/x 401", _plain_password),
    "key in an address": _within("GET https://api.example/x?apikey=@@&b=1 403", _of(LETTERS, 16, 40)),
    "signature in an address": _within("https://a.blob.core/x?sv=1&sig=@@", _of(LETTERS, 30, 44), "sas"),
    "error report": _within("https://@@@o1.ingest.sentry.io/1", _of(HEX, 32, 32), "monitor"),
    "chain of settings": _within("Server=tcp:h;User ID=sa;Password=@@;", _plain_password, "db"),
    "driver": _within("Driver=x;UID=sa;PWD=@@;", _plain_password, "odbc"),
    "Oracle": _within("jdbc:oracle:thin:scott/@@@//h:1521/x", _plain_password, "jdbc"),
    "account key": _within(
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=@@",
        lambda rng: base64.b64encode(rng.bytes(64)).decode(),
        "storage",
    ),
    "option of a command": _within("run tool --password @@ --verbose", _plain_password),
    "password of mysql": _within("mysql -u root -p@@ db", _plain_password),
    "user of curl": _within("curl -u admin:@@ http://h/x", _plain_password),
    "message with a password": _within("2026-05-12 09:03:17 ERROR login failed password=@@ user=bob", _plain_password),
    "message with a token": _within("2026-05-12 09:03:17 WARN refresh token: @@ was refused", _of(LETTERS, 12, 40)),
    "record in JSON": _within('{"level": "info", "api_key": "@@", "n": 3}', _of(LETTERS, 16, 40)),
    "line of Python": _within('client = Client(url, password="@@")', _password),
}


def secrets(count: int, rng: np.random.Generator) -> list[Sample]:
    """`count` secrets, the kinds in turn."""
    kinds = list(KINDS.items())
    found = []
    for number in range(count):
        kind, make = kinds[number % len(kinds)]
        found.append(Sample(kind, *make(rng)))
    return found


SETTINGS: Final = """
max_tokens: 512|tokenizer: bert-base-cased|primary_key: customer_id|use_auth: true|pad_token: <pad>|eos_token: </s>
mask_token: [MASK]|token_type: bearer|auth_method: oauth2|password_policy: strict|password_min_length: 12
secret_name: prod-db|foreign_key: order_id|sort_key: created_at|partition_key: region|cache_key: user_features
object_key: data/2026/05/rows.parquet|join_key: customer|keyboard: us|monkey: banana|compass: north|bandpass: 0.1-0.5
bypass: none|passengers: 3|pin_memory: true|spin: up|author: Jane Doe|authority: city|session_length: 30
seed: 20260512|num_tokens: 4096|vocab.special_tokens: [CLS] [SEP]|stop_token: </s>|tokens: 128
dataset: s3://bucket/data/train.parquet|url: https://api.example.com/v1/predict|host: db.internal:5432
endpoint: http://model:8080/health|image: registry.example.com/team/model:1.4.2
commit: 4f2a9c1e8b7d6a5f4e3d2c1b0a9f8e7d6c5b4a39|model_sha: 9c1185a5c5e9fc54612808977ee8f548b2258d31
run_id: 550e8400-e29b-41d4-a716-446655440000|model_path: models/churn_v12/model.onnx|version: 2.14.0
learning_rate: 0.001|optimizer: AdamW|timezone: Europe/Vienna|language: zh_CN|threshold: 0.37|features: income
label: defaulted|class_weight: balanced|email: ops@example.com|schedule: 0 3 * * *|color: 1F73C9|format: %Y-%m-%d
regex: ^[A-Z]{2}\\d+$|region: eu-central-1|topic_key: events|hash_key: sha256|key_column: id|keys: id|key: id
api_version: 2026-05-01|api_url: https://api.example.com|secret_rotation_days: 90|token_ttl: 3600
credentials_file: /etc/clinic/creds.json|private: false|public_key_path: /etc/keys/public.pem|license: MIT
encryption: none|signature: none|login: disabled|connection: keep-alive|session: default|cookie: none|access: public
pass: 2|n_pass: 3|first_pass: true
""".replace("\n", "|")

MESSAGES: Final = """
user 4711 logged in|Unexpected token: EOF at line 3|token: expired|password: incorrect for user bob
invalid token in request 12|primary key: customer_id|KeyError: income|the key is missing: region
cache miss for key user:4711|GET https://api.example.com/v1/x?page=3&sort=asc 200|POST /predict 200 12ms
loaded model churn_v12 sha256 9c1185a5c5e9fc54612808977ee8f548b2258d31
request 550e8400-e29b-41d4-a716-446655440000 done|see https://medium.com/@jane/post-1
pulled registry.example.com:5000/team/model:1.4.2|connection to db.internal:5432 refused|p99=132ms
df = df.drop(columns=["key", "token_count"])|tokens = tokenizer(text, max_length=512)
model.fit(X_train, y_train, sample_weight=w)|x = pd.merge(a, b, on="customer_key")
scaler = StandardScaler().fit(train[["income", "age"]])|for key, value in config.items():
Authorization header is missing|basic checks passed|bearer of good news|password reset requested
secret santa: list is ready|--threshold 0.5|tool --passes 3 --input a.csv|mysql -u root -e "select 1"
curl -s http://h/health|npm install @scope/package|mail to ops@example.com|auth: ok|session: closed|token: revoked
signature: valid|pin_memory=True|key=income|sort_key=created_at|cookie: accepted|login: failed
ERROR at https://docs.example.com:8443/errors#e12|retry 3/5 in 250 ms|epoch 3: loss=0.231 val_loss=0.307
free memory 1,234 MB
""".replace("\n", "|")


def harmless(count: int, rng: np.random.Generator) -> list[Sample]:
    """`count` settings and messages without any secret: each as it stands, then again with other numbers."""
    lines = [(True, line) for line in SETTINGS.split("|") if line] + [(False, line) for line in MESSAGES.split("|") if line]
    found: list[Sample] = []
    while len(found) < count:
        for is_setting, line in lines[: count - len(found)]:
            text = line
            if len(found) >= len(lines):
                text = "".join(str(rng.integers(10)) if c.isdigit() else c for c in line)
            path, value = text.split(": ", 1) if is_setting else ("", text)
            found.append(Sample("harmless", path, value, ""))
    return found
