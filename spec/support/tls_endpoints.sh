#!/usr/bin/env bash
# Starts TLS terminators in front of AWS_ENDPOINT_URL_DYNAMODB and runs a command: spec/support/tls_endpoints.sh COMMAND ARGS...
#   DYNAMODB_TLS_ENDPOINT             has a valid certificate of the private CA in the file DYNAMODB_TLS_CA
#   DYNAMODB_TLS_WRONG_HOST_ENDPOINT  has a certificate for another host
#   DYNAMODB_TLS_UNKNOWN_CA_ENDPOINT  has a certificate of another CA
set -eu

[ $# -gt 0 ] || { echo "usage: $0 COMMAND ARGS..." >&2; exit 2; }
: "${AWS_ENDPOINT_URL_DYNAMODB:?is not set; spec/support/emulator.sh sets it}"
. "$(dirname "${BASH_SOURCE[0]}")/serve.sh"
. "$(dirname "${BASH_SOURCE[0]}")/certificates.sh"
PATH=$PATH:/usr/sbin

terminator() { # PORT CERTIFICATE
  cat <<CONF
  server {
    listen 127.0.0.1:$1 ssl;
    ssl_certificate $2.pem;
    ssl_certificate_key $2.key;
    location / { proxy_pass $AWS_ENDPOINT_URL_DYNAMODB; }
  }
CONF
}

write_configuration() {
  cat <<CONF
$(nginx_process 512)
http {
$(nginx_folders)
  client_max_body_size 64m;
  client_body_buffer_size 1m;
  keepalive_requests 1000000;
  proxy_http_version 1.1;
  proxy_set_header Host \$http_host;
$(terminator "$good" good; terminator "$wrong_host" wrong_host; terminator "$unknown_ca" unknown_ca)
}
CONF
}

ready() {
  [ -s "$scratch/nginx.pid" ] && is_listening "$good" && is_listening "$wrong_host" && is_listening "$unknown_ca"
}

(
  make_ca ca
  make_ca other_ca
  make_certificate good ca DNS:localhost,IP:127.0.0.1
  make_certificate wrong_host ca DNS:other.example
  make_certificate unknown_ca other_ca DNS:localhost,IP:127.0.0.1
) || give_up openssl

for _ in {1..20}; do
  good=$(random_port)
  wrong_host=$((good + 1))
  unknown_ca=$((good + 2))
  # nginx would retry to bind a used port for seconds.
  ! { is_listening "$good" || is_listening "$wrong_host" || is_listening "$unknown_ca"; } || continue
  write_configuration >"$scratch/nginx.conf"
  if start_server nginx -p "$scratch/" -c nginx.conf; then
    export DYNAMODB_TLS_ENDPOINT=https://localhost:$good
    export DYNAMODB_TLS_WRONG_HOST_ENDPOINT=https://localhost:$wrong_host
    export DYNAMODB_TLS_UNKNOWN_CA_ENDPOINT=https://localhost:$unknown_ca
    export DYNAMODB_TLS_CA=$scratch/ca.pem
    run_command "$@"
    exit
  fi
done
give_up nginx
