#!/bin/sh
# Install Chromium where that is allowed; where it is not, say so: the browser tests then report themselves as skipped.
set -eu
if command -v chromium >/dev/null; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Chromium for the browser tests"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null && exit 0
fi
echo "No Chromium here and no right to install it (Debian: apt-get install chromium): the browser tests will be skipped." >&2
