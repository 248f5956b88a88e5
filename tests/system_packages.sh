#!/bin/sh
# Install Debian packages where this is root; else say in one line what to install.
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null
else
    echo "Please install: $* (on Debian or Ubuntu: sudo apt-get install $*)" >&2
    exit 1
fi
