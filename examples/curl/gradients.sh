#!/bin/sh
# The gradients of a network, from a gradient service: curl, and jq to read its answers.
#
#     sh gradients.sh         the network of the article
#     sh gradients.sh FILE    the request in a JSON file
#
# GRADIENTS_URL is the URL of the service, GRADIENTS_API_KEY its API key.
set -eu

# Posts the request on standard input and prints the answer. An error is explained on standard error, with status 1.
# If the service is busy (429, 503), curl waits as long as Retry-After says and tries again.
gradients() (
  folder=$(mktemp -d)
  trap 'rm -r "$folder"' EXIT
  cat > "$folder/request"
  # The key is passed on standard input: all users of the machine can read the arguments of a command.
  status=$(
    echo "${GRADIENTS_API_KEY:+header = \"Authorization: Bearer $GRADIENTS_API_KEY\"}" |
      curl --config - --silent --show-error --retry 4 --header 'Content-Type: application/json' \
        --data-binary "@$folder/request" --output "$folder/answer" --write-out '%{http_code}' \
        "${GRADIENTS_URL:-http://127.0.0.1:3000}/gradients"
  ) || exit 1
  if [ "$status" = 200 ]; then
    cat "$folder/answer"
  else
    explain='"\(.title // error("no problem document")): \(.detail)", (.errors[]? | "  \(.pointer): \(.detail)")'
    jq --raw-output "$explain" "$folder/answer" >&2 2> "$folder/jq" || echo "the service answered $status" >&2
    exit 1
  fi
)

article='{
  "network": { "layers": [
    { "weights": [[0.1, 0.1], [0.1, 0.1], [0.1, 0.1]], "biases": [0.1, 0.1, 0.1], "activation": "tanh" },
    { "weights": [[0.1, 0.1, 0.1], [0.1, 0.1, 0.1], [0.1, 0.1, 0.1]], "biases": [0.1, 0.1, 0.1], "activation": "tanh" },
    { "weights": [[0.1, 0.1, 0.1], [0.1, 0.1, 0.1]], "biases": [0.1, 0.1] }
  ] },
  "batch": { "inputs": [[3, 2], [4, 5]], "targets": [[2, 1], [2, 2]], "samples": "columns" },
  "loss": "mse"
}'

if [ $# -gt 0 ]; then
  answer=$(gradients < "$1")
else
  answer=$(echo "$article" | gradients)
fi
printf '%s' "$answer" | jq --raw-output '
  "loss: \(.loss)",
  (.gradients | to_entries[] | "layer \(.key)" as $layer | .value | to_entries[] | "\($layer) \(.key): \(.value)")'
