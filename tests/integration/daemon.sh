#!/bin/bash
# A daemon as it runs, asked and told by expiryctl: targets that nginx serves and files, alerts, their
# acknowledgement, rechecks, reloads good and bad, a notifier whose signature is checked, and what the
# exit statuses say.
. "$SOURCE/tests/integration/cli-kit.bash"
need nginx openssl python3
sh "$SOURCE/tests/certs/make.sh" certs >make.log 2>&1 || { cat make.log; exit 1; }
mapfile -t ports < <(free_ports 5)
good=${ports[0]} bad=${ports[1]} away=${ports[2]} hook=${ports[3]} http=${ports[4]}

nginx_conf()
{
	echo "daemon off; pid $work/nginx.pid; error_log $work/nginx.log; worker_processes 1;"
	[ "$(id -u)" -ne 0 ] || echo "user $(id -un);"
	echo "events {} http { access_log off;"
	for at in client_body proxy fastcgi uwsgi scgi; do
		echo "${at}_temp_path $work/$at;"
	done
	for pair in "$good good" "$bad expired"; do
		# shellcheck disable=SC2086
		set -- $pair
		echo "server { listen 127.0.0.1:$1 ssl; ssl_certificate $work/certs/$2.chain.pem;
			ssl_certificate_key $work/certs/$2.key; }"
	done
	echo "}"
}
nginx_conf >nginx.conf
background nginx.out nginx -c "$work/nginx.conf" -p "$work"

# The sink: each delivery a line "STATUS signature-ok body".
printf 'the secret of the hook' >hook.key
chmod 600 hook.key
cat >sink.py <<'END'
import hashlib, hmac, http.server, os, sys
key = open("hook.key", "rb").read()
class Sink(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        want = "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()
        good = hmac.compare_digest(want, self.headers.get("X-Expiryd-Signature", ""))
        status = 503 if os.path.exists("sink.away") else 200
        with open("sink.got", "ab") as out:
            out.write(b"%d %d " % (status, good) + body.strip() + b"\n")
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *args):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Sink).serve_forever()
END
background sink.log python3 sink.py "$hook"

config()
{
	cat <<END
store: "sqlite:///$work/store.db"
instance: {name: t1}
control: {socket: $work/c.sock}
http: {listen: "127.0.0.1:$http"}
probe: {roots: $work/certs/roots.pem}
alerts: {group_wait: 1s}
notifiers:
  hook: {type: webhook, url: "http://127.0.0.1:$hook/hook", secret: {file: $work/hook.key}}
targets:
  - {host: localhost, connect: 127.0.0.1, port: $good, owner: web, tags: {env: prod}}
  - {host: localhost, connect: 127.0.0.1, port: $bad, organization: ACME, note: "front door"}
  - "localhost:$away@127.0.0.1"
  - $work/certs/good.chain.pem
$1
END
}
config "" >c.yaml
chmod 600 c.yaml
export EXPIRYD_SOCKET=$work/c.sock

# nobody there
run 3 list
tells "$work/c.sock"
run 3 status
run 3 list --socket "$work/none.sock"
tells "$work/none.sock"
run 3 --url "http://127.0.0.1:$away" list
run 2 --url "ftp://x" list

until_true 20 listens 127.0.0.1 "$good" || exit 1
until_true 20 listens 127.0.0.1 "$hook" || exit 1
background daemon.log "$EXPIRYD" -c "$work/c.yaml"
daemon=$pid
settled()
{
	"$ctl" status --format json | python3 -c 'import json, sys
d = json.load(sys.stdin)
t = d["targets"]
sys.exit(0 if t["total"] == int(sys.argv[1]) and t["never"] == 0 else 1)' "$1"
}
until_true 30 settled 4 || exit 1
t_good=localhost:$good@127.0.0.1 t_bad=localhost:$bad@127.0.0.1 t_away=localhost:$away@127.0.0.1

# list
run 0 list
says "TARGET" "$t_good" "$t_bad" "$t_away" "good.chain.pem" "DAYS LEFT"
run 1 list --exit-code
run 0 list nothing.like.this --exit-code
run 0 list --format json
json 'd["schema"] == "expiryd.list/1" and d["total"] == 4 and d["next"] is None and len(d["rows"]) == 4'
json 'd["rows"][0]["target"] == "'"$t_bad"'" and d["rows"][0]["outcome"] == "ok"'
json '[r["tags"] for r in d["rows"] if r["owner"] == "web"] == [{"env": "prod"}]'
run 0 list ACME --format json
json '[r["target"] for r in d["rows"]] == ["'"$t_bad"'"]'
run 0 list --columns target,tag.env,days_left --format csv
says "target,tag.env,days_left" "$t_good,prod,"
run 0 list --sort -days_left --limit 1 --format ndjson
json '"good" in (d["common_name"] or "") and d["days_left"] > 80'
run 0 list --columns @default,id
says "FINDINGS" "OWNER" "ID"
run 2 list --columns targt
tells "did you mean target"
run 2 list 'days_left < 3'
tells "filters are not supported"
run 2 list --limit 0
run 0 list --config "$work/c.yaml" --color never
run 0 list --url "http://127.0.0.1:$http" --format json
json 'd["total"] == 4'
run 0 help columns
says "target  @default" "tag.NAME"

# show, explain, pem, status
run 0 show "$t_bad"
says "$t_bad" "ACME" "front door" "CN=expired.test,O=Test" "critical" "next look"
run 0 show "$t_good" --format json
json 'd["target"]["target"] == "'"$t_good"'" and d["endpoints"][0]["certificate"]["common_name"] == "good.test"'
id=$(python3 -c 'import json; print(json.load(open("out"))["target"]["id"])')
run 0 show "${id:0:10}" --format json
json 'd["target"]["id"] == "'"$id"'" and len(d["endpoints"][0]["chain"]) == 1'
run 1 show "$id" --exit-code
run 2 show nosuch.example
run 2 show
run 0 explain "$t_bad"
says "the next look"
run 0 pem "$t_good"
checks=$((checks + 1))
cmp -s out certs/good.chain.pem || fault "pem is not the chain that is served"
run 1 pem "$t_away"
run 0 status
says "t1" "$work/c.yaml" "sqlite://"
run 0 status --format json
json 'd["schema"] == "expiryd.status/1" and d["targets"]["total"] == 4 and d["store"]["up"]'
run 0 instances --format json
json 'd["rows"][0]["name"] == "t1" and d["rows"][0]["status"] == "active"'
run 0 notifiers
says "hook" "webhook"

# alerts
run 0 alerts --format json
json '{r["kind"] for r in d["rows"] if r["target"] == "'"$t_bad"'"} >= {"expiry"}'
alert=$(python3 -c 'import json
print([r["id"] for r in json.load(open("out"))["rows"] if r["kind"] == "expiry"][0])')
run 1 alerts --exit-code
run 0 show "${alert:0:12}"
says "$alert" "expiry" "$t_bad"
run 0 ack "${alert:0:12}" --for 2h --why "ordered; 'soon'"
says "acknowledged until"
run 0 alerts --format json
json '[r["acknowledged"]["why"] for r in d["rows"] if r["id"] == "'"$alert"'"] == ["ordered; \x27soon\x27"]'
json '[r["status"] for r in d["rows"] if r["id"] == "'"$alert"'"] == ["acknowledged"]'
run 0 unack "$t_bad/expiry"
says "firing"
run 2 unack "$t_bad/expiry"
run 2 ack "$t_good/expiry"
run 2 ack nosuch.example
run 2 ack
run 2 ack "$alert" --for never
run 0 events --format json
json '{"alert", "target_added"} <= {r["what"] for r in d["rows"]}'
json 'any(r["what"] == "unacknowledged" for r in d["rows"])'
run 0 events --limit 2 --format ndjson
checks=$((checks + 1))
[ "$(wc -l <out)" -eq 2 ] || fault "events --limit 2"

# recheck
run 0 recheck "$t_good" --wait
says "$t_good: ok"
run 1 recheck "$t_good" "$t_away" --wait=30s
says "$t_away: refused"
run 2 recheck all
tells "--yes"
run 1 recheck all --yes --wait --format json
json 'len(d["rows"]) == 4 and d["late"] == []'
run 0 recheck "$t_good"
run 2 recheck nosuch.example

# a notifier, signed; a sink that is away, and the time that ends
run 0 notifier test hook
says "delivered"
checks=$((checks + 1))
grep -q '^200 1 .*"event": *"test"' sink.got || fault "the sink got no signed test"
checks=$((checks + 1))
if grep -q '^[0-9]* 0 ' sink.got; then fault "a signature was wrong"; fi
told() { grep -q "^200 1 .*$bad" sink.got; }
until_true 30 told || fault "the expired certificate was not told"
run 0 notifier test hook --no-wait
touch sink.away
run 1 notifier test hook --wait 2s
tells "not delivered"
rm sink.away
run 2 notifier test nosuch

# reload: nothing, something, faults
run 0 reload
says "nothing changed"
config "  - $work/certs/rsa.chain.pem" >c.yaml
run 0 check-config "$work/c.yaml"
run 0 reload
says "targets"
until_true 30 settled 5 || fault "the new target is not there"
config "  - {host: x.example, prot: 1}
nonsense: 1" >c.yaml
run 1 reload
tells "stays in force" "c.yaml:" "prot" "nonsense"
run 2 check-config "$work/c.yaml"
tells "c.yaml:" "prot" "nonsense"
run 0 status
says "refused at" "nonsense"
run 0 list --format json
json 'd["total"] == 5'
config "" >c.yaml
run 0 reload
until_true 30 settled 4 || fault "the target that was dropped is still there"

# a reader of our output that has seen enough
checks=$((checks + 1))
"$ctl" list --format json 2>pipe.err | head -c 1 >/dev/null
[ ! -s pipe.err ] || fault "a closed pipe is talked about"

kill -TERM "$daemon"
wait "$daemon" || fault "the daemon ended with $?"
run 3 list
run 0 store check "sqlite:///$work/store.db"
says "target: 4"
run 3 store check "sqlite:///$work/none.db"
run 2 store check nothing
run 2 store
cp store.db broken.db
python3 - <<'END'
import sqlite3
db = sqlite3.connect("broken.db")
db.execute("UPDATE doc SET body = '{' WHERE kind = 'target'")
db.commit()
END
chmod 600 broken.db
run 1 store check "sqlite:///$work/broken.db"
checks=$((checks + 1))
if grep -E 'level=error|Sanitizer|runtime error' daemon.log | grep -v 'configuration refused'; then fault "the daemon complained"; fi
finish
