#!/usr/bin/env bash
# kcat: scenario.sh BOOTSTRAP
set -uo pipefail
bootstrap=$1
topic=k-topic
kcat=$(command -v kcat || command -v kafkacat) || { echo "kcat is not installed" >&2; exit 3; }
seq 1 1000 | "$kcat" -b "$bootstrap" -P -t $topic -X acks=all -X topic.partitioner=murmur2 2>/dev/null
echo "produced: $?"
echo "read: $("$kcat" -b "$bootstrap" -C -t $topic -o beginning -e -q 2>/dev/null | sort -n | sha256sum | cut -c1-16)"
for codec in gzip snappy lz4 zstd; do
  seq 1 500 | "$kcat" -b "$bootstrap" -P -t k-$codec -z $codec -p 0 2>/dev/null
  echo "codec $codec: $("$kcat" -b "$bootstrap" -C -t k-$codec -p 0 -o beginning -e -q 2>/dev/null | sha256sum | cut -c1-16)"
done
echo "k:v" | "$kcat" -b "$bootstrap" -P -t k-keyed -K: -H a=1 -H a=2 -p 0 2>/dev/null
echo "keyed: $("$kcat" -b "$bootstrap" -C -t k-keyed -p 0 -o beginning -e -q -f '%k %s %h %o' 2>/dev/null)"
echo "last two: $("$kcat" -b "$bootstrap" -C -t k-gzip -p 0 -o -2 -e -q 2>/dev/null | tr '\n' ' ')"
echo "offset query: $("$kcat" -b "$bootstrap" -Q -t k-gzip:0:-1 2>/dev/null)"
echo "listed: $("$kcat" -b "$bootstrap" -L 2>/dev/null | grep -c 'topic "k-')"
