#!/bin/sh
# Makes the root of the image: the runtime, the libraries it is linked to, the bundled command, and nothing else (no
# shell, no package manager). Used by the Dockerfile, and by whoever has no registry: tar it into `docker import`.
#
# usage: make-root.sh OUT NODE_BINARY BUNDLE_FOLDER
set -eu
out=$1 node=$2 bundle=$3
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)

mkdir -p "$out/usr/local/bin" "$out/opt/olla" "$out/etc/olla" "$out/home/olla" "$out/tmp"
cp "$node" "$out/usr/local/bin/node"
ldd "$node" | grep -o '/[^ )]*' | sort -u | while read -r library; do
  mkdir -p "$out$(dirname "$library")"
  cp -L "$library" "$out$library"
done
# The source maps stay out: they are three times the size of the program.
(cd "$bundle" && find olla.js package.json chunks -type f ! -name '*.map' -exec cp --parents {} "$out/opt/olla" \;)
cp "$here/health.mjs" "$out/opt/olla/health.mjs"

echo 'olla:x:10001:10001:olla:/home/olla:/sbin/nologin' > "$out/etc/passwd"
echo 'olla:x:10001:' > "$out/etc/group"
echo 'hosts: files dns' > "$out/etc/nsswitch.conf"
chmod 755 "$out" "$out/opt/olla" "$out/etc/olla"
chmod 1777 "$out/tmp"
# The admin token that a gateway makes for itself is written here.
chmod 1777 "$out/home/olla"
