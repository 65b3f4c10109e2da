#!/bin/sh
# Rebuild the vendored style sheet and fonts: src/saime/portal/assets/build.sh
# Needs node and npm; works in a scratch folder and leaves nothing but static/vendor.
set -eu

assets=$(cd "$(dirname "$0")" && pwd)
vendor="$assets/../static/vendor"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cp "$assets/package.json" "$assets/package-lock.json" "$scratch"
cd "$scratch"
npm ci --ignore-scripts --no-audit --no-fund

mkdir -p "$vendor/govuk-frontend" "$vendor/source-sans-3"
cp "$assets/govuk-frontend.scss" .
npx sass --no-source-map --style=compressed --load-path=node_modules \
  govuk-frontend.scss "$vendor/govuk-frontend/govuk-frontend.css"
cp "$assets/LICENSE.govuk-frontend" "$vendor/govuk-frontend/LICENSE"

font=node_modules/@fontsource/source-sans-3
cp "$font/LICENSE" "$vendor/source-sans-3/LICENSE"
for subset in latin latin-ext; do
  for weight in 400 700; do
    cp "$font/files/source-sans-3-$subset-$weight-normal.woff2" "$vendor/source-sans-3/"
  done
done

cd "$vendor"
find . -type f ! -name SHA256SUMS | LC_ALL=C sort | xargs sha256sum > SHA256SUMS
