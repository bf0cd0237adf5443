#!/bin/sh
# The gradients of a network, from a gradient service: curl, and jq to read its answers.
#
#     sh gradients.sh            the network of the article
#     sh gradients.sh FILE...    the requests in JSON files
set -eu

# Posts the request on standard input and prints the answer. An error is explained on standard error, with status 1.
#
# While the service is busy or the connection breaks, this waits (as long as Retry-After says, and a random time that
# grows) and tries again. A timeout is not retried. curl's own --retry would retry timeouts, and has no random times: all
# clients would come back at once.
#
# GRADIENTS_URL, GRADIENTS_API_KEY: of the service
# GRADIENTS_TIMEOUT: seconds that one try may take, from connecting to the last byte of the answer
# GRADIENTS_RETRY_TIME: seconds for which a busy service is asked again, counted from the first failure
gradients() (
  service=$(echo "${GRADIENTS_URL:-http://127.0.0.1:3000}" | sed 's:/*$::')
  folder=$(mktemp -d)
  trap 'rm -r "$folder"' EXIT
  cat > "$folder/request"
  backoff=0.5
  while :; do
    code=0
    : > "$folder/head"
    # The key is passed on standard input: all users of the machine can read the arguments of a command.
    status=$(
      echo "${GRADIENTS_API_KEY:+header = \"Authorization: Bearer $GRADIENTS_API_KEY\"}" |
        curl --config - --silent --show-error --connect-timeout 10 --max-time "${GRADIENTS_TIMEOUT:-300}" \
          --header 'Content-Type: application/json' --data-binary "@$folder/request" --dump-header "$folder/head" \
          --output "$folder/answer" --write-out '%{http_code}' "$service/gradients" 2> "$folder/error"
    ) || code=$?
    restart_time=
    case $code:$status in
      0:200) cat "$folder/answer"; exit ;;
      0:429 | 0:502 | 0:503) ;;
      6:* | 7:*) restart_time=10 ;; # There is no connection: a restart takes less.
      18:* | 52:* | 55:* | 56:*) ;; # The connection broke.
      *) break ;;
    esac
    now=$(date +%s)
    first_failure=${first_failure:-$now}
    # Prints nothing when the time is over.
    wait=$(
      awk -v backoff="$backoff" -v random="$(od -An -N2 -tu2 /dev/urandom)" -v since="$((now - first_failure))" \
        -v limit="${GRADIENTS_RETRY_TIME:-120}" -v restart="$restart_time" '
          tolower($1) == "retry-after:" { after = $2 + 0 }
          END {
            if (restart != "" && restart < limit) limit = restart
            wait = after + backoff * random / 65536
            if (since + wait <= limit) print wait
          }' "$folder/head"
    )
    [ "$wait" ] || break
    sleep "$wait"
    backoff=$(awk -v backoff="$backoff" 'BEGIN { print (backoff < 5) ? 2 * backoff : 10 }')
  done
  if [ "$code" != 0 ]; then
    echo "no answer from $service: $(cat "$folder/error")" >&2
  else
    # A proxy may have sent something other than a problem document.
    explain='"\(.title // error("no problem document")): \(.detail)", (.errors[]? | "  \(.pointer): \(.detail)")'
    jq --raw-output "$explain" "$folder/answer" >&2 2> "$folder/error" || echo "$service answered $status" >&2
  fi
  exit 1
)

# Prints the answer to the request on standard input.
print_answer() {
  # In a variable, since a pipe would hide that there is none.
  answer=$(gradients)
  printf '%s' "$answer" | jq --raw-output '
    "loss: \(.loss)",
    (.gradients | to_entries[] | "layer \(.key)" as $layer | .value | to_entries[] | "\($layer) \(.key): \(.value)"),
    "divisor: \(.divisor)"'
}

article='{
  "network": { "layers": [
    { "weights": [[0.1, 0.1], [0.1, 0.1], [0.1, 0.1]], "biases": [0.1, 0.1, 0.1], "activation": "tanh" },
    { "weights": [[0.1, 0.1, 0.1], [0.1, 0.1, 0.1], [0.1, 0.1, 0.1]], "biases": [0.1, 0.1, 0.1], "activation": "tanh" },
    { "weights": [[0.1, 0.1, 0.1], [0.1, 0.1, 0.1]], "biases": [0.1, 0.1] }
  ] },
  "batch": { "inputs": [[3, 2], [4, 5]], "targets": [[2, 1], [2, 2]], "samples": "columns" },
  "loss": "mse"
}'

if [ $# = 0 ]; then
  echo "$article" | print_answer
fi
for file in "$@"; do
  print_answer < "$file"
done
