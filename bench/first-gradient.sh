#!/bin/sh
# Measures the time after cloning the repository, from `npm ci` to the first gradient.
set -eu
port=${PORT:-3999}
folder=$(mktemp -d)
git clone --quiet "$(dirname "$0")/.." "$folder/clone"
cd "$folder/clone"

now() { date +%s%N; }
since() { awk "BEGIN { printf \"%.1f s\", ($(now) - $1) / 1e9 }"; }

start=$(now)
npm ci --no-audit --no-fund >"$folder/npm.log" 2>&1
echo "npm ci: $(since "$start")"
ready=$(now)
PORT=$port npm start >"$folder/service.log" 2>&1 &
service=$!
trap 'kill "$service" && wait "$service" || true; rm -rf "$folder"' EXIT
# Repeats until the service listens.
until answer=$(curl --silent --fail "http://127.0.0.1:$port/gradients" -H 'Content-Type: application/json' -d '{
  "network": { "layers": [{ "weights": [[0.5, -0.25]], "biases": [0.1], "activation": "tanh" }] },
  "batch": { "inputs": [[1, 2]], "targets": [[1]] }
}'); do
  kill -0 "$service"
  sleep 0.05
done
echo "npm start to the answer: $(since "$ready")"
echo "$answer"
echo "in all: $(since "$start")"
