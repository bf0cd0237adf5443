#!/bin/sh
# Starts the balancer in a container, and lets it follow its replicas: nginx looks up their addresses only when it reads its
# configuration, so it is told to do that again whenever the name `replica` has other ones, as after a restart or a scaling.
directory=$(dirname "$0")
addresses() { getent ahostsv4 replica | sort -u; }
(
  known=$(addresses)
  while sleep 2; do
    now=$(addresses)
    # With no replica at all the name does not resolve, which nginx would refuse to read.
    if [ -n "$now" ] && [ "$now" != "$known" ]; then
      known=$now
      kill -HUP $$
    fi
  done
) &
exec nginx -e stderr -p /tmp -c "$directory/nginx.conf"
