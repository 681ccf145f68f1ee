#!/bin/sh
# Makes the certificates of the tests anew: a CA, three hosts it vouches for (one long ago), and one that nobody knows.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"; }

# sign NAME EXTENSION FROM UNTIL [-selfsign -keyfile KEY]
sign() {
  name=$1 extension=$2 start=$3 end=$4
  shift 4
  key "$name"
  openssl req -new -key "$name.key" -subj "/CN=$name" -addext "$extension" -out "$work/$name.csr"
  openssl ca -batch -notext -config "$work/ca.conf" -startdate "$start" -enddate "$end" "$@" \
    -in "$work/$name.csr" -out "$name.pem"
}

cat > "$work/ca.conf" <<CONF
[ca]
default_ca = tests
[tests]
database = $work/index
serial = $work/serial
new_certs_dir = $work
certificate = ca.pem
private_key = ca.key
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
CONF
: > "$work/index"
echo 01 > "$work/serial"

here="subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1"
from=20200101000000Z until=21200101000000Z
sign ca "basicConstraints=critical,CA:TRUE" $from $until -selfsign -keyfile ca.key
sign localhost "$here" $from $until
sign example "subjectAltName=DNS:example.test,URI:sip:example.test" $from $until
sign expired "$here" $from 20210101000000Z
sign stranger "$here" $from $until -selfsign -keyfile stranger.key
