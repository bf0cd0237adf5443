#!/bin/sh
# Collects into the directory ROOT everything that the given programs and libraries need to run without the rest of a Debian system: the
# files themselves, their shared libraries, at the same paths, and a user who is not root.
# Usage: collect.sh ROOT FILE...
set -eu
root=$1
shift
mkdir -p "$root/tmp" "$root/etc" "$root/var/lib/dpkg/status.d"
chmod 1777 "$root/tmp"

# The package of a file. dpkg may list the file with or without /usr in its path.
package() {
  real=$(realpath "$1")
  for path in "$1" "$real" "${real#/usr}"; do
    if found=$(dpkg-query --search "$path" 2>/dev/null); then
      echo "${found%%:*}"
      return
    fi
  done
  echo "$1 is of no package" >&2
  return 1
}

files=$(
  for file in "$@"; do
    case $file in /usr/* | /lib*) echo "$file" ;; esac
    libraries=$(ldd "$file")
    case $libraries in *'not found'*) echo "$file: $libraries" >&2 && exit 1 ;; esac
    echo "$libraries" | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p'
  done
)
for file in $(echo "$files" | sort -u); do
  cp --parents --dereference "$file" "$root"
  case $file in /usr/local/*) continue ;; esac
  name=$(package "$file")
  if [ ! -e "$root/var/lib/dpkg/status.d/$name" ]; then
    # Image scanners look here for the packages of an image without dpkg.
    dpkg-query --status "$name" > "$root/var/lib/dpkg/status.d/$name"
    cp --parents --dereference "/usr/share/doc/$name/copyright" "$root"
  fi
done

cp --dereference /etc/os-release "$root/etc"
printf 'root:x:0:0::/:/nologin\nnode:x:1000:1000::/app:/nologin\n' > "$root/etc/passwd"
printf 'root:x:0:\nnode:x:1000:\n' > "$root/etc/group"
# /etc/hosts, which has localhost, comes before DNS.
echo 'hosts: files dns' > "$root/etc/nsswitch.conf"
if [ -e /usr/local/LICENSE ]; then cp --parents /usr/local/LICENSE "$root"; fi
