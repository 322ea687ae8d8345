#!/usr/bin/env bash
# A real S3 server for the tests: one Ceph monitor, manager, in-memory store and RADOS Gateway on loopback, as root,
# without systemd.   start FOLDER PORT: prints the settings of the tests   stop FOLDER: ends its processes by their ids
set -euo pipefail

stop() {
  local file
  for file in "$1"/*.pid; do
    [ -e "$file" ] && kill "$(cat "$file")" 2>/dev/null || true
  done
}

configure() { # FOLDER PORT
  local monitor="127.0.0.1:$(($2 + 1))"
  mkdir -p "$1"/{mon,mgr,osd,rgw}
  cat > "$1/ceph.conf" <<CONF
[global]
fsid = $(cat /proc/sys/kernel/random/uuid)
mon host = $monitor
public network = 127.0.0.0/8
keyring = $1/admin.keyring
run dir = $1
admin socket = $1/\$name.asok
pid file = $1/\$name.pid
log file = $1/\$name.log
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
[mon.a]
mon data = $1/mon
mon addr = $monitor
keyring = $1/mon/keyring
[mgr.a]
mgr data = $1/mgr
keyring = $1/mgr/keyring
[osd.0]
osd data = $1/osd
keyring = $1/osd/keyring
osd objectstore = memstore
memstore device bytes = 1073741824
[client.rgw]
keyring = $1/rgw/keyring
rgw data = $1/rgw
rgw frontends = beast endpoint=127.0.0.1:$2
CONF
}

start() { # FOLDER PORT
  local folder=$1 port=$2 ceph key secret
  configure "$folder" "$port"
  ceph=(-c "$folder/ceph.conf")
  cd "$folder"
  ceph-authtool -C mon.keyring -g -n mon. --cap mon 'allow *'
  ceph-authtool -C admin.keyring -g -n client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
  ceph-authtool mon.keyring --import-keyring admin.keyring
  monmaptool --create --clobber --fsid "$(sed -n 's/^fsid = //p' ceph.conf)" --add a "127.0.0.1:$((port + 1))" monmap
  ceph-mon "${ceph[@]}" --mkfs -i a --monmap monmap --keyring mon.keyring
  ceph-mon "${ceph[@]}" -i a
  timeout 30 ceph "${ceph[@]}" auth get-or-create mgr.a mon 'allow profile mgr' osd 'allow *' > mgr/keyring
  ceph-mgr "${ceph[@]}" -i a
  timeout 30 ceph "${ceph[@]}" osd new "$(cat /proc/sys/kernel/random/uuid)"
  ceph-osd "${ceph[@]}" -i 0 --mkfs --mkkey --no-mon-config \
    --osd-uuid "$(timeout 30 ceph "${ceph[@]}" osd dump | sed -n 's/^osd\.0 .* \([0-9a-f-]\{36\}\)$/\1/p')"
  timeout 30 ceph "${ceph[@]}" auth add osd.0 osd 'allow *' mon 'allow profile osd' mgr 'allow profile osd' -i osd/keyring
  ceph-osd "${ceph[@]}" -i 0
  timeout 30 ceph "${ceph[@]}" auth get-or-create client.rgw mon 'allow rwx' osd 'allow rwx' > rgw/keyring
  timeout 60 radosgw "${ceph[@]}" -n client.rgw
  timeout 60 bash -c "until (echo > /dev/tcp/127.0.0.1/$port) 2>/dev/null; do sleep 0.3; done"
  key=AK$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
  secret=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  timeout 60 radosgw-admin "${ceph[@]}" user create --uid=tests --display-name=tests \
    --access-key="$key" --secret-key="$secret"
  echo "http://$key:$secret@127.0.0.1:$port" > "$folder/address"
}

case $1 in
  start) start "$2" "$3" ;;
  stop) stop "$2" ;;
esac
