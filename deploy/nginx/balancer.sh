#!/bin/sh
# Starts the balancer in a container and keeps its list of replicas current. nginx resolves addresses only when it reads its configuration,
# so it reloads that whenever the addresses of the name `replica` change, for example after a restart or scaling.
directory=$(dirname "$0")
addresses() { getent ahostsv4 replica | sort -u; }
(
  known=$(addresses)
  while sleep 2; do
    now=$(addresses)
    # Without replicas the name does not resolve, and nginx would refuse the configuration.
    if [ -n "$now" ] && [ "$now" != "$known" ]; then
      known=$now
      kill -HUP $$
    fi
  done
) &
exec nginx -e stderr -p /tmp -c "$directory/nginx.conf"
