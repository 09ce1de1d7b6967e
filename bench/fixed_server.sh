# Functions that run nginx with fixed responses, for benchmark scripts.
# They source this file after common.sh. `serve LUA` sets port and tls_port; the certificate is of the CA in
# $scratch/ca.pem. LUA writes the responses.
. spec/support/serve.sh
. spec/support/certificates.sh

# nginx rejects POST for static files with status 405, so Scan.json is sent as the error page of 405 with status 200.
write_configuration() {
  cat <<CONF
$(nginx_process 64)
http {
$(nginx_folders)
  types { }
  default_type application/x-amz-json-1.0;
  client_header_buffer_size 8k;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  sendfile on;
  open_file_cache max=4;
  server_tokens off;
  add_header x-amzn-requestid 5AVQ0MEPF0HMVPGPG7E4TLPVVRVV4KQNSO5AEMVJF66Q9ASUAAJG;
  map \$http_x_amz_target \$answer {
    DynamoDB_20120810.GetItem '$(cat "$scratch/GetItem.json")';
    DynamoDB_20120810.PutItem '$(cat "$scratch/PutItem.json")';
  }
  map \$http_x_amz_target \$crc32 {
    DynamoDB_20120810.GetItem $(crc32 "$scratch/GetItem.json");
    DynamoDB_20120810.PutItem $(crc32 "$scratch/PutItem.json");
    DynamoDB_20120810.Scan \$scan_crc32;
  }
  map \$http_accept_encoding \$scan_crc32 {
    default $(crc32 "$scratch/Scan.json");
    gzip $(crc32 "$scratch/Scan.json.gz");
  }
  gzip_static on;
  add_header x-amz-crc32 \$crc32;
  server {
    listen 127.0.0.1:$port;
    listen 127.0.0.1:$tls_port ssl;
    ssl_certificate server.pem;
    ssl_certificate_key server.key;
    root .;
    location / {
      if (\$answer = "") { rewrite ^ /Scan.json last; }
      return 200 \$answer;
    }
    location = /Scan.json { error_page 405 =200 /Scan.json; }
  }
}
CONF
}

ready() {
  [ -s "$scratch/nginx.pid" ] && is_listening "$port" && is_listening "$tls_port"
}

serve() { # LUA
  { make_ca ca && make_certificate server ca DNS:localhost,IP:127.0.0.1; } || give_up openssl
  for _ in {1..20}; do
    port=$(random_port)
    tls_port=$((port + 1))
    ! { is_listening "$port" || is_listening "$tls_port"; } || continue
    lua "$1" bench/fixtures.lua "$scratch" "$port"
    gzip -kf "$scratch/Scan.json" # sent to clients that accept gzip
    write_configuration >"$scratch/nginx.conf"
    ! start_server nginx -p "$scratch/" -c nginx.conf || return 0
  done
  give_up nginx
}
