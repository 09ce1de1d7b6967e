# Functions that make certificates for servers of specs and benchmarks.
# Their keys are of P-256, since RSA keys take a second to make.
# They are for scripts that source serve.sh, and write into its directory $scratch.

make_ca() { # NAME
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" -addext keyUsage=critical,keyCertSign \
    -keyout "$scratch/$1.key" -out "$scratch/$1.pem" 2>>"$scratch/log"
}

make_certificate() { # NAME CA SUBJECT_ALT_NAMES
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" -keyout "$scratch/$1.key" -out "$scratch/$1.csr" 2>>"$scratch/log"
  openssl x509 -req -in "$scratch/$1.csr" -CA "$scratch/$2.pem" -CAkey "$scratch/$2.key" -CAcreateserial -days 2 \
    -extfile <(echo "subjectAltName=$3") -out "$scratch/$1.pem" 2>>"$scratch/log"
}
