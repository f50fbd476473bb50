#!/usr/bin/env bash
# Installs what some tests need from Debian, where this machine lets us: a browser, and Java for Spark.
# Otherwise those tests say why they skip.
set -uo pipefail
packages=()
command -v chromium >/dev/null || packages+=(chromium fonts-dejavu-core)
command -v java >/dev/null || [ -n "${JAVA_HOME:-}" ] || packages+=(default-jre-headless)
[ ${#packages[@]} = 0 ] && exit 0
[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null \
  || { echo "${packages[*]} cannot be installed: tests that need them will skip" >&2; exit 0; }
export DEBIAN_FRONTEND=noninteractive
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends "${packages[@]}"; } >/dev/null 2>&1 \
  || echo "${packages[*]} could not be installed: tests that need them will skip" >&2
exit 0
