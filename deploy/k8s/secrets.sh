#!/usr/bin/env bash
# Prints the Secrets that the overlays need, with passwords made up anew: for `kubectl apply -f -`, or to be sealed. Keep what
# it prints: a second call makes other ones.
#
#   SMTP_PASSWORD=… deploy/k8s/secrets.sh | kubectl apply -f -
#   deploy/k8s/secrets.sh local | kubectl apply -f -   # for the overlay `local`, whose stores speak in the clear
set -euo pipefail

case ${1-} in
  '') readonly TLS='?sslmode=require' AMQP=amqps AMQP_PORT=5671 RESP=rediss ;;
  local) readonly TLS='' AMQP=amqp AMQP_PORT=5672 RESP=redis ;;
  *) echo "usage: $0 [local]" >&2; exit 2 ;;
esac
readonly POSTGRES=${POSTGRES:-postgres-rw:5432} POSTGRES_READ=${POSTGRES_READ:-postgres-ro:5432}
readonly RABBITMQ=${RABBITMQ:-rabbitmq:$AMQP_PORT} REDIS=${REDIS:-redis-haproxy:6379}

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

# secret <name> <type> <key=value>…
secret() {
  printf -- '---\napiVersion: v1\nkind: Secret\nmetadata: { name: %s, namespace: healthcare' "$1"
  # The operator reads the new password when it changes.
  [[ $2 == Opaque ]] && echo ' }' || echo ', labels: { cnpg.io/reload: "true" } }'
  printf 'type: %s\nstringData:\n' "$2"
  shift 2
  local pair
  for pair in "$@"; do
    printf '  %s: "%s"\n' "${pair%%=*}" "${pair#*=}"
  done
}

main() {
  local key rabbitmq redis options='' service
  key=$(random) rabbitmq=$(random) redis=$(random)
  local broker="RABBITMQ_URL=$AMQP://healthcare:$rabbitmq@$RABBITMQ/%2f" cache="REDIS_URL=$RESP://:$redis@$REDIS/0"
  for service in auth patient doctor appointment notification; do
    local owner rw more=()
    owner=$(random) rw=$(random)
    options+=" -c healthcare.${service}_owner_password=$owner -c healthcare.${service}_rw_password=$rw"
    secret "postgres-$service-owner" kubernetes.io/basic-auth "username=${service}_owner" "password=$owner"
    secret "postgres-$service-rw" kubernetes.io/basic-auth "username=${service}_rw" "password=$rw"
    local reads="DATABASE_READ_URL=postgres://${service}_rw:$rw@$POSTGRES_READ/healthcare$TLS"
    case $service in
      auth) more=("BOOTSTRAP_ADMIN_PASSWORD=$(random)") ;;
      patient | appointment) more=("$reads") ;;
      doctor) more=("$cache") ;;
      notification) more=("SMTP_PASSWORD=${SMTP_PASSWORD:-$(random)}") ;;
    esac
    secret "$service-svc" Opaque "SECRET_KEY=$key" SECRET_KEY_ACCEPTED= "$broker" "${more[@]}" \
      "DATABASE_URL=postgres://${service}_rw:$rw@$POSTGRES/healthcare$TLS"
    secret "$service-svc-migration" Opaque "DATABASE_OWNER_URL=postgres://${service}_owner:$owner@$POSTGRES/healthcare$TLS"
  done
  secret gateway Opaque "SECRET_KEY=$key" SECRET_KEY_ACCEPTED= "$cache"
  secret postgres Opaque "password=$(random)" "options=${options# }"
  secret rabbitmq-healthcare Opaque username=healthcare "password=$rabbitmq"
  secret redis Opaque "password=$redis"
}

main
