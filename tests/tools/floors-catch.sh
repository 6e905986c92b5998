#!/bin/sh
# Each rule of tools/check-floors catches what it is for, and lets pass what is right.
set -u
tree=$TMPDIR/tree
status=0

# include FILE HEADER: a tree of this one file with this one include, checked.
include() {
	rm -rf "$tree"
	mkdir -p "$tree/$(dirname "$1")"
	printf '/* A file of the test. */\n\n#include %s\n' "$2" > "$tree/$1"
	said=$("$SOURCE/tools/check-floors" "$tree" 2>&1)
}
caught() {
	if include "$1" "$2"; then
		echo "not caught: $1 includes $2"
		status=1
	else
		case $said in
		"$1:"[0-9]*": "*"$3"*) ;;
		*) echo "$1 includes $2: said '$said', not '$3'"; status=1 ;;
		esac
	fi
}
passes() {
	include "$1" "$2" || { echo "not allowed: $said"; status=1; }
}

# Floors: down and within, not up, not beside.
passes lib/rules/due.c '"lib/base/buf.h"'
passes lib/rules/due.c '"lib/rules/judge.h"'
caught lib/base/buf.c '"lib/model/target.h"' 'lib/model is above lib/base'
caught lib/model/target.c '"lib/rules/due.h"' 'lib/rules is above'
caught lib/rules/due.c '"lib/loop/loop.h"' 'lib/loop is above'
caught lib/tls/read.c '"lib/loop/loop.h"' 'lib/loop is beside lib/tls'
caught lib/loop/loop.c '"config/config.h"' 'config is beside lib/loop'
caught lib/wire/msg.c '"lib/plugin/host.h"' 'lib/plugin is beside lib/wire'
caught lib/wire/msg.c '"stores/store.h"' 'stores is above lib/wire'
caught notifiers/mail.c '"stores/store.h"' 'stores is beside notifiers'
caught stores/sqlite.c '"daemon/keeper/keeper.h"' 'daemon/keeper is above stores'
caught reports/csv.c '"cli/table.h"' 'cli is above reports'
passes daemon/keeper/claims.c '"stores/store.h"'
caught daemon/keeper/claims.c '"daemon/drop.h"' 'daemon is above daemon/keeper'
passes tests/unit/test_x.c '"daemon/keeper/claims.h"'
caught fresh/x.c '"lib/base/buf.h"' 'no floor'

# Includes from the root.
caught lib/base/buf.c '"buf.h"' 'from the root'
caught lib/model/cert.c '"../base/buf.h"' 'from the root'
caught lib/model/cert.c '"lib/model/../loop/loop.h"' 'from the root'
caught lib/model/cert.c '<lib/base/buf.h>' 'with quotes'
passes lib/base/sys.h '"autoconf.h"'
caught lib/base/buf.c '"autoconf.h"' 'comes with'
caught lib/base/buf.c 'SOME_HEADER' 'cannot be read'

# Lanes.
caught daemon/keeper/job.c '"lib/tls/read.h"' 'the keeper never parses'
caught daemon/keeper/job.c '"probes/probe.h"' 'the keeper never parses'
caught probes/prober.c '"stores/store.h"' 'the prober sees neither'
caught probes/prober.c '"notifiers/notifier.h"' 'the prober sees neither'
caught probes/prober.c '"daemon/drop.h"' 'the prober sees neither'
caught daemon/vault/keys.c '"stores/store.h"' 'the vault has no network'
caught daemon/vault/keys.c '"notifiers/notifier.h"' 'the vault has no network'
caught daemon/vault/keys.c '"lib/loop/http.h"' 'the vault has no network'
passes daemon/vault/keys.c '"lib/loop/loop.h"'
passes daemon/main.c '"daemon/keeper/keeper.h"'
passes daemon/main.c '"probes/prober.h"'
caught daemon/drop.c '"probes/prober.h"' 'only daemon/main.c'
caught daemon/drop.c '"daemon/keeper/keeper.h"' 'only daemon/main.c'
passes cli/main.c '"probes/reader.h"'
caught cli/cmd_probe.c '"probes/reader.h"' 'only cli/main.c'
caught cli/cmd_list.c '"daemon/drop.h"' 'two programs'
passes plugins/ca-x/main.c '"lib/plugin/guest.h"'
caught plugins/ca-x/main.c '"lib/plugin/host.h"' 'a plugin has'
caught plugins/ca-x/main.c '"stores/store.h"' 'a plugin has'

# Doors: inside, and next door.
door() {
	passes "$2" "<$1>"
	caught "$3" "<$1>" 'the door to'
}
door event2/event.h lib/loop/loop.c lib/wire/frame.c
door evdns.h lib/loop/resolve.c probes/probe.c
door unbound-event.h lib/loop/resolve.c probes/probe.c
door ldns/ldns.h lib/loop/resolve.c lib/base/text.c
door curl/curl.h lib/loop/http.c notifiers/webhook.c
door openssl/ssl.h lib/tls/session.c probes/probe.c
door openssl/evp.h lib/base/digest.c lib/base/rand.c
door openssl/evp.h daemon/vault/keys.c daemon/main.c
door hiredis/hiredis.h stores/redis.c stores/sqlite.c
door sqlite3.h stores/sqlite_claim.c stores/table.c
door yaml.h config/yaml.c config/load.c
door seccomp.h lib/wire/sandbox.c daemon/main.c
door jansson.h lib/base/json.h lib/base/json.c
door expat.h plugins/deploy-x/main.c config/load.c
door xlsxwriter.h reports/xlsx.c reports/csv.c
door cmocka.h tests/unit/test_x.c lib/base/buf.c
caught daemon/main.c '<systemd/sd-daemon.h>' 'the door to libsystemd'
passes lib/model/target.h '<utlist.h>'
passes lib/base/clock.c '<sys/timerfd.h>'
caught lib/base/str.c '<glib.h>' 'no door'

exit $status
