#!/bin/sh
# Make .venv with the given Python (3.11 or newer), or say clearly what to install.
set -eu
python=$1
if [ -z "$python" ] || ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "Saime needs Python 3.11 or newer. Install it (Debian: apt-get install python3 python3-venv) and run again." >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
    else
        echo "Python's venv module is missing. Install it (Debian: apt-get install python3-venv) and run again." >&2
        exit 1
    fi
fi
"$python" -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check 'setuptools>=64' wheel
touch .venv/python
