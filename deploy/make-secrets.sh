#!/bin/sh
# Makes the secrets of docker-compose.yml under secrets/: a password for each store and for Grafana, the key of the
# tokens, and the token of one service, `bot`. What is there already stays.
set -eu
cd "$(dirname "$0")/.."
mkdir -p secrets
# Containers read the files as users of their own; nobody else gets through the directory.
chmod 700 secrets

make() {
  if [ -e "secrets/$1" ]; then
    echo "secrets/$1 is there already"
    return
  fi
  printf '%s\n' "$2" >"secrets/$1"
  chmod 644 "secrets/$1"
  echo "secrets/$1 is made"
}

random() {
  od -An -N32 -tx1 /dev/urandom | tr -d ' \n'
}

make postgres_password "$(random)"
make redis_password "$(random)"
make jwt_secret "$(random)"
make service_tokens "bot=$(random)"
make grafana_admin_password "$(random)"
