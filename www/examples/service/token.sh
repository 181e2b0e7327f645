#!/bin/sh
# The valid token of one of the operator's accounts, on stdout. Needs sh, sed and curl.
#
#   EVERLIT_URL=https://app.example.com EVERLIT_SERVICE=broker EVERLIT_KEY_FILE=/run/secrets/everlit ./token.sh
#
# Exit code: 0 a token; 75 none just now, why and when to ask again on stderr; 77 the key is not known; 69 no usable answer.
set -eu

: "${EVERLIT_URL:?the address of the Worker, such as https://app.example.com}"
: "${EVERLIT_SERVICE:?the name of the service}"
: "${EVERLIT_KEY_FILE:?the file with the service key}"

# The key goes to curl in a file: what is in its arguments, every user of the machine sees.
headers=$(umask 077 && mktemp)
answer=$(umask 077 && mktemp)
trap 'rm -f "$headers" "$answer"' EXIT
printf 'Authorization: Bearer %s\n' "$(tr -d '\r\n' < "$EVERLIT_KEY_FILE")" > "$headers"

# A member of the answer, which is one line of JSON: a text without escapes, or a number.
member() {
  sed -n 's/.*"'"$1"'" *: *\("\([^"\\]*\)"\|\(-\{0,1\}[0-9.]*\)\).*/\2\3/p' "$answer"
}

attempt=0
while :; do
  attempt=$((attempt + 1))
  status=$(curl --silent --max-time 6 --request POST --header "@$headers" --header 'Content-Type: application/json' --data '{}' \
    --output "$answer" --write-out '%{http_code}' "${EVERLIT_URL%/}/service/$EVERLIT_SERVICE/token") || status=000
  code=$(member code)
  token=$(member access_token)
  case "$status $code" in
    '200 ') if [ -n "$token" ]; then printf '%s\n' "$token"; exit 0; fi ;;
    '503 no_token' | '429 no_token') echo "no token: $(member reason), ask again in $(member retry_after) s" >&2; exit 75 ;;
    '401 unauthorized') echo "the service key is not known, or not for $EVERLIT_SERVICE" >&2; exit 77 ;;
  esac
  # The network, a proxy, a restart: none of it says anything about the token.
  if [ "$attempt" -ge 4 ]; then echo "no usable answer came from $EVERLIT_URL (HTTP $status)" >&2; exit 69; fi
  sleep "$attempt"
done
