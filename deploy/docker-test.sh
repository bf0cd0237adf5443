#!/bin/bash
# Builds the image, starts all profiles of docker-compose.yml under another project name and other ports, and tests them: no root, no
# writable files, no shell, OpenBLAS, a bill of materials, the page, answers on every port, no answer lost when a replica is killed, and
# a job that has the bits of the inline answer, though a worker is killed in the middle.
# Needs Docker with compose, and curl. Usage: deploy/docker-test.sh [-k]; with -k the containers are kept running.
set -euo pipefail
cd "$(dirname "$0")/.."
export COMPOSE_PROJECT_NAME=gradients-test COMPOSE_PROFILES=scaled,cluster,monitoring
export PORT=13000 BALANCER_PORT=18080 CLUSTER_PORT=13100 PROMETHEUS_PORT=19090 GRAFANA_PORT=13001
export REPLICAS=3 REPLICAS_SUBNET=172.31.254.0/24 WORKERS=2
# Parts of some milliseconds.
export JOB_PART_FLOPS=250000000
keep=${1:-}
finish() { [ "$keep" = -k ] || docker compose down --volumes --timeout 40 >/dev/null 2>&1; }
trap finish EXIT

checked=0
# shows WHAT COMMAND...: the command must succeed; it is tried TRIES times, a second apart, since Prometheus scrapes every 15 seconds.
shows() {
  local what=$1 tries
  shift
  for tries in $(seq "${TRIES:-1}"); do
    if "$@" >/dev/null 2>&1; then
      checked=$((checked + 1))
      echo "ok: $what"
      return
    fi
    sleep 1
  done
  echo "FAILED: $what: $*" >&2
  docker compose logs --tail 20 >&2
  exit 1
}
not() { ! "$@"; }
inside() { docker compose exec --no-TTY gradients node --eval "$1"; }
get() { curl --fail --silent --show-error --max-time 10 "$@"; }
contains() { [[ $("${@:2}") == *"$1"* ]]; }

docker compose build --quiet
docker compose up --detach --wait --wait-timeout 180

shows 'every container is healthy' contains '12 healthy' sh -c "docker compose ps --format '{{.Health}}' | sort | uniq -c"
shows 'the user is not root' inside 'process.exit(process.getuid() === 1000 && process.getgid() === 1000 ? 0 : 1)'
for place in /app /tmp /etc; do
  shows "nothing can be written to $place" contains EROFS \
    inside "try { fs.writeFileSync('$place/a', '') } catch ({ code }) { console.log(code) }"
done
shows 'there is no shell' not docker compose exec --no-TTY gradients sh -c true
shows 'data can be written to the store' inside "fs.writeFileSync('/data/a', ''); fs.rmSync('/data/a')"
shows 'a dataset is stored' get --request PUT --json '{"inputs":[[3,4]],"targets":[[1]]}' "http://127.0.0.1:$PORT/datasets/one"
shows 'a replica finds it' contains '"loss":100' get --json '{"network":{"layers":[{"weights":[[1,2]]}]},"batch":{"dataset":"one"}}' \
  "http://127.0.0.1:$BALANCER_PORT/gradients"
files=$(docker export "$(docker compose ps --quiet gradients)" | tar t)
shows 'nor is there npm, apt or busybox' not grep --quiet --extended-regexp '(^|/)(ba|da|z)?sh$|/(npm|npx|apt|apt-get|dpkg|busybox)$' <<<"$files"
shows 'it multiplies with OpenBLAS' contains '"openblas"' inside 'fetch("http://127.0.0.1:3000/readyz").then((r) => r.text()).then(console.log)'
bill=$(docker compose cp gradients:/app/sbom.cdx.json - 2>/dev/null | tar xO)
for package in pkg:npm/fastify@ pkg:npm/preact@ pkg:github/nodejs/node@ pkg:deb/debian/libopenblas0-pthread@ pkg:deb/debian/libc6@; do
  shows "the bill of materials has $package" contains "$package" echo "$bill"
done

request='{"network":{"layers":[{"weights":[[1,2]]}]},"batch":{"inputs":[[3,4]],"targets":[[1]]}}'
ask() { get --json "$request" "http://127.0.0.1:$1/gradients"; }
shows 'the service answers' contains '"loss":100' ask "$PORT"
shows 'the page is there' contains 'src="page/main' get --header 'Accept: text/html' "http://127.0.0.1:$PORT/"
shows 'the balancer answers' contains '"loss":100' ask "$BALANCER_PORT"
shows 'the balancer does not pass on /metrics' not get "http://127.0.0.1:$BALANCER_PORT/metrics"
docker kill "$(docker compose ps --quiet replica | head -1)" >/dev/null
for times in $(seq 20); do ask "$BALANCER_PORT" >/dev/null || { echo "FAILED: request $times after a replica was killed" >&2; exit 1; }; done
echo 'ok: 20 requests are answered after a replica was killed'

# A dataset of 256 Ki samples and a network: 512 parts, some seconds of the workers. The job is begun when one of them is done.
job=$(inside "
  const front = 'http://front:3000'
  const [samples, features, units] = [2 ** 18, 32, 256]
  const wave = (length, step) => Float64Array.from({ length }, (_, i) => Math.sin(step * i))
  const [inputs, targets] = [wave(samples * features, 0.7), wave(samples, 0.3)]
  const tensor = (shape, begin, end) => ({ dtype: 'F64', shape, data_offsets: [begin, end] })
  const end = inputs.byteLength + targets.byteLength
  const header = { inputs: tensor([samples, features], 0, inputs.byteLength), targets: tensor([samples, 1], inputs.byteLength, end) }
  const text = new TextEncoder().encode(JSON.stringify(header).padEnd(1024))
  const body = new Blob([BigUint64Array.of(BigInt(text.length)), text, inputs, targets])
  const put = await fetch(front + '/datasets/waves', { method: 'PUT', body, headers: { 'content-type': 'application/vnd.safetensors' } })
  if (!put.ok) throw new Error(await put.text())
  const rows = (m, n) => Array.from({ length: m }, (_, i) => Array.from({ length: n }, (_, j) => ((i * 7 + j * 3) % 19 - 9) / 256))
  const layers = [[units, features], [units, units], [1, units]].map(([m, n]) => ({ weights: rows(m, n), activation: 'tanh' }))
  const request = JSON.stringify({ network: { layers }, batch: { dataset: 'waves' } })
  const json = { 'content-type': 'application/json' }
  const send = (headers) => fetch(front + '/gradients', { method: 'POST', body: request, headers: { ...json, ...headers } })
  const inline = await send({})
  if (!inline.ok) throw new Error(await inline.text())
  fs.writeFileSync('/data/inline', await inline.text())
  const job = (await send({ prefer: 'respond-async' })).headers.get('location')
  for (;;) {
    const { parts } = await (await fetch(front + job)).json()
    if (parts.total !== 512) throw new Error(parts.total + ' parts')
    if (parts.completed > 0) break
  }
  console.log(job)
")
docker kill "$(docker compose ps --quiet worker | head -1)" >/dev/null
shows 'a worker is killed in the middle of a job' contains '"running"' get "http://127.0.0.1:$CLUSTER_PORT$job"
shows 'the other one finishes it' contains 'event: succeeded' \
  get --max-time 120 --header 'Accept: text/event-stream' "http://127.0.0.1:$CLUSTER_PORT$job"
shows 'its result has the bits of the inline answer' inside "
  const result = await (await fetch('http://front:3000$job/result')).text()
  process.exit(result === fs.readFileSync('/data/inline', 'utf8') ? 0 : 1)"
shows 'it is deleted' get --request DELETE "http://127.0.0.1:$CLUSTER_PORT$job"
shows 'nothing of it is left in the queue' not contains "${job#/jobs/}" docker compose exec --no-TTY valkey valkey-cli --scan
shows 'nor in the bucket' not contains "${job#/jobs/}" docker compose exec --no-TTY s3 find /data
inside "fs.rmSync('/data/inline')"

TRIES=60
up() { get "http://127.0.0.1:$PROMETHEUS_PORT/api/v1/query" --data-urlencode "query=$1"; }
shows 'Prometheus scrapes both services, the replicas and the worker that are left' contains ',"5"]' up 'count(up{job="gradients"} == 1)'
shows 'Prometheus has the alert rules' contains GradientsDown get "http://127.0.0.1:$PROMETHEUS_PORT/api/v1/rules"
shows 'Grafana has the dashboard' contains '"title":"Gradients"' get "http://127.0.0.1:$GRAFANA_PORT/api/dashboards/uid/gradients"
shows 'Grafana reaches Prometheus' contains '"success"' \
  get "http://127.0.0.1:$GRAFANA_PORT/api/datasources/proxy/uid/prometheus/api/v1/query?query=up"

containers=$(docker compose ps --status running --quiet gradients replica front worker)
docker compose stop --timeout 40 gradients replica front worker >/dev/null 2>&1
for container in $containers; do
  shows 'it ends with 0 on SIGTERM' contains 'exit 0.' docker inspect --format 'exit {{.State.ExitCode}}.' "$container"
done
echo "$((checked + 1)) checks passed"
