#!/bin/sh
# Install Java 17 for the Spark of the tests where that is allowed; where it is not, say what to install.
set -eu
if command -v java >/dev/null && java -version 2>&1 | grep -qE 'version "(1[7-9]|[2-9][0-9])'; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Java 17 for Spark"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq openjdk-17-jre-headless >/dev/null && exit 0
fi
echo "Spark needs Java 17 or newer. Install it (Debian: apt-get install openjdk-17-jre-headless) and run again." >&2
exit 1
