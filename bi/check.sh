#!/usr/bin/env bash
# Superset in its own environment, on the published build: loads bi/, asks every chart for its data, takes a picture if Chromium is here.
# usage: bi/check.sh [path to lowtide.duckdb]   (default: the build of the last origin)   PostgreSQL: LOWTIDE_BI_DATABASE=postgresql+psycopg2://...
set -euo pipefail
cd "$(dirname "$0")/.."
python=${LOWTIDE_PYTHON:-.venv/bin/python} venv=${LOWTIDE_BI_VENV:-.venv-bi} port=${LOWTIDE_BI_PORT:-8088}
warehouse=${1:-$(ls -t data/*/serve/current/lowtide.duckdb | head -1)}
if [ ! -x "$venv/bin/superset" ]; then
  if [ -x .venv-tools/bin/uv ]; then .venv-tools/bin/uv venv --quiet "$venv" && .venv-tools/bin/uv pip install --quiet --python "$venv/bin/python" -r bi/requirements.txt
  else "$python" -m venv "$venv" && "$venv/bin/pip" install --quiet -r bi/requirements.txt; fi
fi
work=$(mktemp -d); server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
# Only for this check, on this machine, for its few seconds: everybody is admin, so that a browser needs no login.
cat > "$work/superset_config.py" <<CONFIG
SECRET_KEY = "$(head -c 32 /dev/urandom | base64 | tr -d '\n')"
SQLALCHEMY_DATABASE_URI = "sqlite:///$work/superset.db"
AUTH_ROLE_PUBLIC = "Admin"
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
CONFIG
export SUPERSET_CONFIG_PATH=$work/superset_config.py SUPERSET_HOME=$work FLASK_APP=superset PYTHONWARNINGS=ignore
"$python" -m bi.bundle --warehouse "$warehouse" --to "$work/lowtide.zip" ${LOWTIDE_BI_DATABASE:+--database "$LOWTIDE_BI_DATABASE"}
{ "$venv/bin/superset" db upgrade && "$venv/bin/superset" fab create-admin --username admin --firstname a --lastname b --email a@example.org --password "$RANDOM$RANDOM" \
  && "$venv/bin/superset" init && "$venv/bin/python" bi/load.py "$work/lowtide.zip"; } > "$work/log" 2>&1 || { tail -20 "$work/log"; exit 1; }
"$venv/bin/superset" run --port "$port" --with-threads > "$work/server.log" 2>&1 & server=$!
for _ in $(seq 180); do [ "$("$python" -c "import httpx; print(httpx.get('http://127.0.0.1:$port/health').text)" 2>/dev/null)" = OK ] && break; sleep 1; done
"$python" -m bi.ask "http://127.0.0.1:$port"
if command -v chromium > /dev/null; then
  slug=$(case "${LOWTIDE_BI_DATABASE:-duckdb}" in postgresql*) echo lowtide-postgresql ;; *) echo lowtide-duckdb ;; esac)
  chromium --headless=new --no-sandbox --disable-gpu --hide-scrollbars --window-size=1600,2600 --virtual-time-budget=400000 --run-all-compositor-stages-before-draw \
    --screenshot="$PWD/bi-$slug.png" "http://127.0.0.1:$port/superset/dashboard/$slug/?standalone=2" > /dev/null 2>&1 && echo "picture: bi-$slug.png"
fi
