# What the scripts that drive expiryctl share: checks that count, ports that are free, servers that are
# ended with the test. Sourced.
set -u
: "${EXPIRYCTL:?}" "${EXPIRYD:?}" "${SOURCE:?}" "${TMPDIR:?}"
ctl=$EXPIRYCTL
work=$TMPDIR
faults=0
checks=0
pids=()
cd "$work" || exit 1

end_all()
{
	[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null
	wait
}
trap end_all EXIT

need()
{
	for program do
		command -v "$program" >/dev/null || { echo "no $program on this machine"; exit 77; }
	done
}

fault()
{
	faults=$((faults + 1))
	echo "FAULT: $*"
	sed 's/^/    out: /' out 2>/dev/null | head -20
	sed 's/^/    err: /' err 2>/dev/null | head -20
}

# run STATUS ARGUMENT...: expiryctl, its output into out and err
run()
{
	local want=$1 got=0
	shift
	checks=$((checks + 1))
	timeout 60 "$ctl" "$@" >out 2>err </dev/null || got=$?
	[ "$got" -eq "$want" ] || { fault "status $got, not $want: $*"; return 1; }
}

# says TEXT...: each is in out;  tells TEXT...: in err
says()
{
	for text do
		checks=$((checks + 1))
		grep -qF -- "$text" out || fault "not said: $text"
	done
}

tells()
{
	for text do
		checks=$((checks + 1))
		grep -qF -- "$text" err || fault "not told: $text"
	done
}

# json EXPRESSION: true of d, the JSON in out
json()
{
	checks=$((checks + 1))
	python3 -c 'import json, sys
d = json.load(open("out"))
sys.exit(0 if eval(sys.argv[1]) else 1)' "$1" 2>>err || fault "not so: $1"
}

# free_ports N: N ports nobody listens at, one a line
free_ports()
{
	python3 -c 'import socket, sys
all = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in all:
    s.bind(("127.0.0.1", 0))
for s in all:
    print(s.getsockname()[1])' "$1"
}

# until_true SECONDS COMMAND...: again and again until it is
until_true()
{
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || { echo "never: $*"; return 1; }
		sleep 0.05
	done
}

listens()
{
	python3 -c 'import socket, sys
socket.create_connection((sys.argv[1], int(sys.argv[2])), 1).close()' "$1" "$2"
}

# background LOG COMMAND...: its pid into $pid
background()
{
	local log=$1
	shift
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	pids+=("$pid")
}

finish()
{
	echo "$checks checks, $faults faults"
	[ "$faults" -eq 0 ]
	exit
}
