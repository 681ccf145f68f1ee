#!/bin/sh
# Makes the certificates of the tests anew: a CA, three hosts it vouches for (one long ago), and one that nobody knows.
set -eu
cd "$(dirname "$0")"
days=36500
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"; }

# host NAME SUBJECT-ALTERNATIVE-NAMES FROM UNTIL
host() {
  key "$1"
  openssl req -new -key "$1.key" -subj "/CN=$1" -addext "subjectAltName=$2" -out "$work/$1.csr"
  openssl ca -batch -notext -config "$work/ca.conf" -startdate "$3" -enddate "$4" -in "$work/$1.csr" -out "$1.pem"
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

key ca
openssl req -x509 -new -key ca.key -days $days -subj "/CN=Partyline test CA" -out ca.pem
here="DNS:localhost,IP:127.0.0.1,IP:::1"
host localhost "$here" 20260101000000Z 21260101000000Z
host example "DNS:example.test,URI:sip:example.test" 20260101000000Z 21260101000000Z
host expired "$here" 20200101000000Z 20210101000000Z
key stranger
openssl req -x509 -new -key stranger.key -days $days -subj "/CN=stranger" -addext "subjectAltName=$here" -out stranger.pem
