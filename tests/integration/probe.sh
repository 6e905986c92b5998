#!/bin/bash
# expiryctl probe and inspect against servers as they are: openssl s_server and nginx, with good and bad
# certificates, both TLS versions, what is no server at all, files, and hostile text.
. "$SOURCE/tests/integration/cli-kit.bash"
need openssl nginx python3
sh "$SOURCE/tests/certs/make.sh" certs >make.log 2>&1 || { cat make.log; exit 1; }

# What nginx serves, one port each, in this order.
names=(good expired notyet wrong selfsigned unknown missing under-expired ends-3 rsa odd-esc odd-html)
mapfile -t ports < <(free_ports $((${#names[@]} + 9)))
declare -A port
for i in "${!names[@]}"; do
	port[${names[i]}]=${ports[i]}
done
extra=$((${#names[@]}))
tls12=${ports[extra]} tls13=${ports[extra + 1]} demanding=${ports[extra + 2]}
refused=${ports[extra + 3]} silent=${ports[extra + 4]} plain=${ports[extra + 5]}
sni=${ports[extra + 6]} v6=${ports[extra + 7]} s_server=${ports[extra + 8]}

serve()
{
	echo "server { listen $1 ssl; $3
		ssl_certificate $work/certs/$2.chain.pem; ssl_certificate_key $work/certs/$2.key; }"
}
{
	echo "daemon off; pid $work/nginx.pid; error_log $work/nginx.log; worker_processes 1;"
	[ "$(id -u)" -ne 0 ] || echo "user $(id -un);"
	echo "events {} http { access_log off;"
	for at in client_body proxy fastcgi uwsgi scgi; do
		echo "${at}_temp_path $work/$at;"
	done
	for name in "${names[@]}"; do
		serve "127.0.0.1:${port[$name]}" "$name" ""
	done
	serve "127.0.0.1:$tls12" good "ssl_protocols TLSv1.2;"
	serve "127.0.0.1:$tls13" good "ssl_protocols TLSv1.3;"
	serve "127.0.0.1:$demanding" good "ssl_verify_client on;
		ssl_client_certificate $work/certs/root.pem;"
	serve "127.0.0.1:$sni" expired "server_name other.test;"
	serve "127.0.0.1:$sni" wildcard "server_name a.wildcard.test;"
	[ ! -e /proc/net/if_inet6 ] || serve "[::1]:$v6" ip ""
	echo "server { listen 127.0.0.1:$plain; }"
	echo "}"
} >nginx.conf
background nginx.out nginx -c "$work/nginx.conf" -p "$work"
background silent.log python3 -c 'import socket, sys, time
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
kept = []
while True:
    kept.append(s.accept())' "$silent"
background s_server.log openssl s_server -accept "127.0.0.1:$s_server" -cert certs/rsa.pem \
	-cert_chain certs/inter.pem -key certs/rsa.key -tls1_2 -www
for at in "${ports[@]}"; do
	[ "$at" = "$refused" ] || [ "$at" = "$v6" ] || until_true 20 listens 127.0.0.1 "$at" || exit 1
done

# look STATUS PORT [OPTION...]: one endpoint as a JSON array in out
look()
{
	local want=$1 at=$2
	shift 2
	run "$want" probe --roots certs/roots.pem --format json "$@" "localhost:$at@127.0.0.1"
}
kinds='[f["kind"] for f in d[0]["findings"]]'

look 0 "${port[good]}"
json 'len(d) == 1 and d[0]["outcome"] == "ok" and d[0]["trusted"] and d[0]["name_matches"]'
json 'd[0]["proof"] and d[0]["stage"] == "done" and d[0]["findings"] == []'
json 'd[0]["certificate"]["common_name"] == "good.test" and len(d[0]["chain"]) == 1'
json 'd[0]["days_left"] in (88, 89) and d[0]["address"] == "127.0.0.1"'
json 'd[0]["target"] == "localhost:'"${port[good]}"'@127.0.0.1"'
look 1 "${port[expired]}"
json "d[0]['outcome'] == 'ok' and 'expired' in $kinds and d[0]['days_left'] == -2"
look 0 "${port[notyet]}"
json "'not_yet_valid' in $kinds"
look 1 "${port[notyet]}" --fail-on warning
look 1 "${port[wrong]}"
json "'name_mismatch' in $kinds and d[0]['name_matches'] is False and d[0]['trusted']"
look 0 "${port[wrong]}" --sni elsewhere.test
json "'name_mismatch' not in $kinds and d[0]['server_name'] == 'elsewhere.test'"
look 0 "${port[selfsigned]}"
json "'self_signed' in $kinds and 'untrusted' not in $kinds and not d[0]['trusted']"
look 1 "${port[unknown]}"
json "'untrusted' in $kinds and d[0]['trusted'] is False"
look 0 "${port[unknown]}" --no-verify
json "'untrusted' not in $kinds and d[0]['trusted'] is None"
look 0 "${port[unknown]}" --fail-on never
look 1 "${port[missing]}"
json "'incomplete_chain' in $kinds"
look 1 "${port[under-expired]}"
json "d[0]['earliest_expiry']['not_after'] < d[0]['certificate']['not_after']"
look 0 "${port[ends-3]}"
json "d[0]['days_left'] == 3 and d[0]['seconds_left'] // 86400 == 3"
look 0 "${port[rsa]}"
json 'd[0]["certificate"]["key"]["type"] == "RSA"'
look 0 "$tls12"
json 'd[0]["tls"]["version"] == "TLSv1.2"'
look 0 "$tls13"
json 'd[0]["tls"]["version"] == "TLSv1.3"'
look 0 "$s_server"
json 'd[0]["tls"]["version"] == "TLSv1.2" and d[0]["certificate"]["key"]["type"] == "RSA"'
look 0 "$demanding"
json 'd[0]["certificate"]["common_name"] == "good.test"'
look 1 "$refused"
json 'd[0]["outcome"] == "refused" and d[0]["certificate"] is None'
look 1 "$silent" --timeout 1s
json 'd[0]["outcome"] == "timeout" and 900 <= d[0]["duration_ms"] < 5000'
look 1 "$plain"
json 'd[0]["outcome"] == "not_tls"'

# SNI and address apart
run 0 probe --roots certs/roots.pem --format json --connect 127.0.0.1 "a.wildcard.test:$sni"
json 'd[0]["certificate"]["common_name"] == "wildcard.test" and d[0]["name_matches"]'
run 1 probe --roots certs/roots.pem --format json "127.0.0.1:$sni"
json 'd[0]["certificate"]["common_name"] == "expired.test"'
if listens ::1 "$v6" 2>/dev/null; then
	run 0 probe --roots certs/roots.pem --format json "[::1]:$v6"
	json 'd[0]["address"] == "::1" and d[0]["trusted"] and d[0]["name_matches"]'
else
	echo "no ::1 on this machine"
fi

# several at once, in every form; one result each
all=()
for name in "${names[@]}"; do
	all+=("localhost:${port[$name]}@127.0.0.1")
done
printf '%s\n' '# all' "${all[@]}" '' >hosts
for form in table json ndjson csv; do
	run 1 probe --roots certs/roots.pem --format "$form" -i hosts
	lines=$(wc -l <out)
	case $form in
	json) json "len(d) == ${#names[@]}" ;;
	ndjson) [ "$lines" -eq ${#names[@]} ] || fault "ndjson has $lines lines" ;;
	*) [ "$lines" -eq $((${#names[@]} + 1)) ] || fault "$form has $lines lines" ;;
	esac
	checks=$((checks + 1))
	if LC_ALL=C grep -q "$(printf '[\001-\010\013\014\016-\037\177]')" out; then
		fault "$form: control bytes of a stranger went out"
	fi
done

# results come while the pipe is still open
mkfifo lines
"$ctl" probe --no-verify --format ndjson -i - <lines >slow.out 2>slow.err &
slow=$!
exec 3>lines
echo "127.0.0.1:$refused" >&3
until_true 20 grep -q refused slow.out || fault "no result while the pipe is open"
echo "127.0.0.1:$plain" >&3
until_true 20 grep -q not_tls slow.out || fault "no second result"
exec 3>&-
wait "$slow"
[ $? -eq 1 ] || fault "a pipe: status"

# an interrupt ends it, with a whole array
"$ctl" probe --no-verify --format json --timeout 60s "127.0.0.1:$refused" \
	"127.0.0.1:$silent" >int.out 2>int.err &
interrupted=$!
until_true 20 grep -q refused int.out || fault "nothing before the interrupt"
kill -TERM "$interrupted"
wait "$interrupted"
[ $? -eq 143 ] || fault "an interrupt is told as one"
cp int.out out
json 'len(d) == 1'

# files
run 0 probe --format json "$work/certs/good.chain.pem"
json 'd[0]["outcome"] == "ok" and d[0]["address"] is None and d[0]["certificate"]["common_name"] == "good.test"'
run 1 probe --format json ./certs/expired.pem
run 1 probe --format json ./certs/none.pem
json 'd[0]["outcome"] == "file_error"'
run 1 probe --format json ./certs/good.key
json 'd[0]["outcome"] == "file_error"'
run 1 probe --format json ./certs/badtime.pem
json 'd[0]["outcome"] == "bad_certificate"'

# what is no target
for bad in 'a b' '-x.example' 'x..example' 'host:0' 'host:65536' '[::1' 'http://x y' "$(printf 'a%.0s' {1..300})"; do
	run 2 probe -- "$bad"
done
run 2 probe
run 2 probe --no-such-option x
run 2 probe --format jsn x
tells "did you mean json"
run 2 probe --roots "$work/none.pem" 127.0.0.1:1
run 2 probe --roots "$work/hosts" 127.0.0.1:1
run 2 probe -i "$work/none" 127.0.0.1:1
run 2 nosuchcommand
run 0 probe --help
says "Usage: expiryctl probe" "Examples:"
run 0 --help
run 0 help inspect
says "Usage: expiryctl inspect"
run 0 version

# nagios
run 0 probe --nagios --roots certs/roots.pem "localhost:${port[good]}@127.0.0.1"
run 1 probe --nagios -w 95 --roots certs/roots.pem "localhost:${port[good]}@127.0.0.1"
run 2 probe --nagios --roots certs/roots.pem "localhost:${port[expired]}@127.0.0.1"
run 3 probe --nagios --roots "$work/none.pem" x

# inspect
run 0 inspect --format json certs/good.chain.pem certs/good.der certs/good.crlf.pem
json 'd["schema"] == "expiryd.inspect/1" and [len(f["certificates"]) for f in d["files"]] == [2, 1, 1]'
json 'd["files"][0]["certificates"][1]["common_name"] == "Test Intermediate"'
cat certs/good.pem certs/good.pem certs/badtime.pem certs/root.pem >mixed.pem
run 1 inspect --format json mixed.pem
json '[c.get("common_name") for c in d["files"][0]["certificates"]] == ["good.test", "good.test", None, "Test Root"]'
json '"notAfter" in d["files"][0]["certificates"][2]["error"]'
checks=$((checks + 1))
[ "$("$ctl" inspect --format ndjson - <mixed.pem | grep -o '"sha256"' | wc -l)" -eq 3 ] ||
	fault "inspect of a pipe"
run 2 inspect "$work/none"
run 1 inspect certs/good.key
tells "private key"
run 2 inspect
run 2 inspect --format csv certs/good.pem
for form in table json; do
	run 0 inspect --format "$form" certs/odd-newline.pem certs/odd-esc.pem certs/odd-rtl.pem certs/odd-nul.pem
	checks=$((checks + 1))
	if LC_ALL=C grep -q "$(printf '[\001-\010\013\014\016-\037\177]')" out; then
		fault "inspect, $form: control bytes of a stranger went out"
	fi
done

# the machine's own, as the openssl program reads them
bundle=/etc/ssl/certs/ca-certificates.crt
if [ -r "$bundle" ]; then
	run 0 inspect --format json "$bundle"
	cat >compare.py <<-'END'
	import json, re, subprocess, sys
	ours = json.load(open("out"))["files"][0]["certificates"]
	pem = re.findall("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", open(sys.argv[1]).read(), re.S)
	assert len(pem) == len(ours), (len(pem), len(ours))
	for text, cert in zip(pem, ours):
	    said = subprocess.run(["openssl", "x509", "-noout", "-fingerprint", "-sha256", "-serial",
	        "-dates", "-dateopt", "iso_8601"], input=text, capture_output=True, text=True, check=True).stdout
	    facts = dict(line.split("=", 1) for line in said.splitlines())
	    finger = facts[[k for k in facts if "ingerprint" in k][0]].replace(":", "").lower()
	    iso = lambda s: s.replace(" ", "T")
	    assert finger == cert["sha256"], cert
	    serial = facts["serial"].lower().lstrip("0")
	    assert serial == cert["serial"].lstrip("0"), (serial, cert["serial"])
	    assert iso(facts["notBefore"]) == cert["not_before"], cert
	    assert iso(facts["notAfter"]) == cert["not_after"], cert
	END
	checks=$((checks + 1))
	python3 compare.py "$bundle" 2>err || fault "the machine's bundle is read otherwise than by openssl"
fi
finish
