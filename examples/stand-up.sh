#!/bin/sh
# Joins a conference muted, says nothing for some seconds, and leaves:
#
#   examples/stand-up.sh sip:stand-up@conf.example.com baresip 900
#
# Each line of `partyline send` is one document of the XML API, and so is each line it prints.
set -eu

conference=$1
device=$2
seconds=$3
partyline=${PARTYLINE:-partyline}

answer=$($partyline send "<Join req=\"1\" id=\"$conference\" muted=\"true\"><Use dev=\"$device\"/></Join>") || {
  echo "$answer" >&2
  exit 1
}
call=$(echo "$answer" | sed -n 's/.*<Result .*call="\([^"]*\)".*/\1/p')
echo "In $conference, muted, as call $call."

trap '$partyline send "<Leave req=\"2\" call=\"$call\"/>" >/dev/null; echo "Left."' EXIT
trap 'exit 130' INT TERM
sleep "$seconds"
