#!/bin/sh
# make.sh DIR [DAYS...]: test certificates, made relative to today, into DIR. Fixed names, fixed
# serials, keys anew each time; a second run replaces what the first made. Needs the openssl
# program (3.0 or later) and no configuration of the machine.
#
# Of each NAME: NAME.pem (one certificate), NAME.key, NAME.chain.pem (with its intermediates, as a
# server sends them). Leaves are EC P-256, of "inter", for NAME.test, localhost, 127.0.0.1 and
# ::1, from yesterday for 90 days, where nothing else is said.
#
#   roots.pem        root and root2, the anchors
#   root root2       CAs of 10 years;  stranger: a root that is no anchor
#   inter            CA of root, 5 years;  inter-cross: the same CA by root2, 300 days
#   root-cross       root's name and key, by root2, 200 days
#   inter-expired    CA of root that ended yesterday
#   inter-short      CA of root that ends in 20 days
#   inter-path0      CA of root with pathlen 0;  inter-below: CA of inter-path0
#   inter-names      CA of root, only for .nc.test and 127.0.0.0/8
#
#   good             nothing wrong
#   expired          ended yesterday;  notyet: begins tomorrow
#   ends-DAYS        ends in DAYS days and an hour; DAYS 1 3 7 14 30, or as given
#   wildcard         *.wildcard.test only;  ip: 127.0.0.1 and ::1 only
#   wrong            elsewhere.test only;  cnonly: CN=localhost, no names;  nosan: neither
#   selfsigned       by itself;  unknown: of stranger, which is sent
#   missing          chain without inter
#   rsa rsa1024 ed25519      by key;  sha1: signed with SHA-1
#   v1               X.509 version 1
#   under-expired under-short under-path under-leaf   of inter-expired, inter-short, inter-below,
#                    and of good, which is no CA
#   cross            ends in 1000 days; sent with inter, inter-cross and root-cross
#   nc-good nc-bad   of inter-names: www.nc.test, and www.elsewhere.test
#   client           for client authentication only;  usage-none: keyUsage keyCertSign only
#   full             every extension that is read: AIA, CRL, must-staple, e-mail, two SCTs
#   many             1500 names;  too-many: 2500
#   badsig           of inter, with a signature that is not
#   y2060 y9999      so long;  badtime: notAfter is not a time
#   serial20 negative        serial numbers of 20 octets, and -20d2
#   odd-newline odd-esc odd-html odd-rtl odd-nul odd-bmp odd-t61 odd-long   by their subject;
#                    odd-nul has the NUL in its CN and its name: odd-nul.test NUL .evil.test
#   bundle.pem       all leaves but badtime;  good.der: DER;  good.crlf.pem: CRLF, text before it
set -eu
LC_ALL=C
export LC_ALL
umask 077
[ $# -ge 1 ] || { echo "usage: make.sh DIR [DAYS...]" >&2; exit 2; }
mkdir -p "$1"
cd "$1"
shift
OPENSSL_CONF=/dev/null
export OPENSSL_CONF
[ $# -gt 0 ] || set -- 1 3 7 14 30

day=86400
now=$(date +%s)
work=work.$$
trap 'rm -rf "$work"' EXIT
mkdir "$work"

# at SECONDS: that far from now, as the ca program wants it.
at()
{
	awk -v t="$((now + $1))" 'BEGIN {
		d = int(t / 86400); s = t - d * 86400
		z = d + 719468; e = int(z / 146097); o = z - e * 146097
		y = int((o - int(o / 1460) + int(o / 36524) - int(o / 146096)) / 365)
		n = o - (365 * y + int(y / 4) - int(y / 100)); m = int((5 * n + 2) / 153)
		day = n - int((153 * m + 2) / 5) + 1
		month = m < 10 ? m + 3 : m - 9
		year = y + e * 400 + (month <= 2)
		printf "%04d%02d%02d%02d%02d%02dZ\n", year, month, day,
			int(s / 3600), int(s % 3600 / 60), s % 60
	}'
}

# config MASK: the settings of openssl req and ca, with these kinds of strings.
config()
{
	cat >"$work/$1.cnf" <<-END
	[req]
	distinguished_name = dn
	[dn]
	[ca]
	default_ca = c
	[c]
	database = $work/index
	serial = $work/serial
	new_certs_dir = $work
	unique_subject = no
	default_md = sha256
	policy = any
	string_mask = $1
	[any]
	countryName = optional
	organizationName = optional
	organizationalUnitName = optional
	commonName = optional
	emailAddress = optional
	END
}
config utf8only
config MASK:2048
config MASK:4
: >"$work/index"

# key FILE ALGORITHM [OPTION]: a key, and a request for it.
key()
{
	openssl genpkey -quiet -algorithm "$2" ${3:+-pkeyopt "$3"} -out "$1.key" 2>/dev/null ||
		openssl genpkey -algorithm "$2" ${3:+-pkeyopt "$3"} -out "$1.key" 2>/dev/null
	openssl req -new -config "$work/utf8only.cnf" -key "$1.key" -subj /CN=x -out "$1.csr"
}

mask=utf8only
digest=sha256
from=$((-day))
to=$((90 * day))
count=0

# make NAME KEY ISSUER SUBJECT EXTENSIONS: NAME.pem and NAME.key. ISSUER "-": itself.
# Validity from $from to $to: seconds from now, or a time as it is to stand there.
make()
{
	count=$((count + 1))
	printf '%04X\n' $((4096 + count)) >"$work/serial"
	[ -z "${serial:-}" ] || echo "$serial" >"$work/serial"
	case $from in *Z) start=$from ;; *) start=$(at "$from") ;; esac
	case $to in *Z) end=$to ;; *) end=$(at "$to") ;; esac
	cp "$2.key" "$1.key.new"
	printf '%s\n' "$5" >"$work/ext"
	if [ "$3" = - ]; then
		set -- "$1" "$2" "$3" "$4" "$5" -selfsign -keyfile "$2.key"
	else
		set -- "$1" "$2" "$3" "$4" "$5" -cert "$3.pem" -keyfile "$3.key"
	fi
	name=$1 request=$2.csr subject=$4
	shift 5
	openssl ca -batch -notext -utf8 -config "$work/$mask.cnf" "$@" -in "$request" \
		-subj "$subject" -startdate "$start" -enddate "$end" -md "$digest" \
		-extfile "$work/ext" -out "$name.pem" 2>"$work/log" ||
		{ cat "$work/log" >&2; exit 1; }
	mv "$name.key.new" "$name.key"
}

ca_ext='basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid'

# chain NAME ISSUER...: NAME.chain.pem
chain()
{
	chained=$1
	shift
	cat "$chained.pem" >"$chained.chain.pem"
	for issuer do
		cat "$issuer.pem" >>"$chained.chain.pem"
	done
	case " ${leaves:-} " in *" $chained "*) ;; *) leaves="${leaves:-} $chained" ;; esac
}

use='keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth'

# leaf NAME [NAMES [MORE [SUBJECT [KEY [ISSUER]]]]]; NAMES "-": no subjectAltName.
leaf()
{
	alt=${2:-DNS:$1.test,DNS:localhost,IP:127.0.0.1,IP:::1}
	ext="${3:-$use}"
	[ "$alt" = - ] || ext="subjectAltName = $alt
$ext"
	make "$1" "${5:-$work/leaf}" "${6:-inter}" "${4:-/O=Test/CN=$1.test}" "$ext"
	chain "$1" "${6:-inter}"
}

# patch NAME OFFSET BYTE: one byte of the certificate's body (printf's octal), signed again.
patch()
{
	openssl x509 -in "$1.pem" -outform DER -out "$work/der"
	openssl asn1parse -inform DER -in "$work/der" -strparse 4 -noout -out "$work/tbs"
	printf "$3" | dd of="$work/tbs" bs=1 seek="$2" conv=notrunc 2>/dev/null
	sign "$1"
}

octet()
{
	printf "\\$(printf %03o "$1")"
}

# sign NAME: the certificate whose body is $work/tbs, by inter.
sign()
{
	openssl dgst -sha256 -sign inter.key -out "$work/sig" "$work/tbs"
	tbs=$(wc -c <"$work/tbs") sig=$(wc -c <"$work/sig")
	all=$((tbs + 12 + 3 + sig))
	{
		octet 48
		octet 130
		octet $((all / 256))
		octet $((all % 256))
		cat "$work/tbs"
		# ecdsa-with-SHA256
		printf '\060\012\006\010\052\206\110\316\075\004\003\002'
		octet 3
		octet $((sig + 1))
		octet 0
		cat "$work/sig"
	} >"$work/der"
	openssl x509 -inform DER -in "$work/der" -out "$1.pem" 2>/dev/null || {
		# What openssl refuses is wanted too.
		echo "-----BEGIN CERTIFICATE-----"
		openssl base64 -in "$work/der"
		echo "-----END CERTIFICATE-----"
	} >"$1.pem"
	chain "$1" inter
}

# offset NAME TEXT: where in the body this text (a pattern) begins, the last one.
offset()
{
	openssl x509 -in "$1.pem" -outform DER -out "$work/der"
	openssl asn1parse -inform DER -in "$work/der" -strparse 4 -noout -out "$work/tbs"
	grep -abo "$2" "$work/tbs" | tail -n "${3:-1}" | head -n 1 | cut -d : -f 1
}

for ca in root root2 stranger inter inter-expired inter-short inter-path0 inter-below \
	inter-names leaf; do
	key "$work/$ca" EC ec_paramgen_curve:P-256
done
key "$work/rsa" RSA rsa_keygen_bits:2048
key "$work/rsa1024" RSA rsa_keygen_bits:1024
key "$work/ed25519" ED25519

to=$((3650 * day))
make root "$work/root" - '/O=Test/CN=Test Root' "$ca_ext"
make root2 "$work/root2" - '/O=Test/CN=Test Root 2' "$ca_ext"
make stranger "$work/stranger" - '/O=Elsewhere/CN=Strange Root' "$ca_ext"
cat root.pem root2.pem >roots.pem
to=$((1825 * day))
make inter "$work/inter" root '/O=Test/CN=Test Intermediate' "$ca_ext"
to=$((300 * day))
make inter-cross "$work/inter" root2 '/O=Test/CN=Test Intermediate' "$ca_ext"
to=$((200 * day))
make root-cross "$work/root" root2 '/O=Test/CN=Test Root' "$ca_ext"
to=$((20 * day))
make inter-short "$work/inter-short" root '/O=Test/CN=Short Intermediate' "$ca_ext"
from=$((-400 * day)) to=$((-day))
make inter-expired "$work/inter-expired" root '/O=Test/CN=Expired Intermediate' "$ca_ext"
from=$((-day)) to=$((1825 * day))
make inter-path0 "$work/inter-path0" root '/O=Test/CN=Pathlen 0 Intermediate' \
	"basicConstraints = critical,CA:TRUE,pathlen:0"
make inter-below "$work/inter-below" inter-path0 '/O=Test/CN=Intermediate Below' "$ca_ext"
make inter-names "$work/inter-names" root '/O=Test/CN=Constrained Intermediate' "$ca_ext
nameConstraints = critical,permitted;DNS:.nc.test,permitted;IP:127.0.0.0/255.0.0.0"

to=$((90 * day))
leaf good
from=$((-91 * day)) to=$((-day))
leaf expired
from=$day to=$((91 * day))
leaf notyet
from=$((-day))
for days do
	to=$((days * day + 3600))
	leaf "ends-$days"
done
to=$((90 * day))
leaf wildcard 'DNS:*.wildcard.test'
leaf ip IP:127.0.0.1,IP:::1
leaf wrong DNS:elsewhere.test
leaf cnonly - '' /CN=localhost
leaf nosan - '' '/O=Test/OU=Nameless'
make selfsigned "$work/leaf" - /CN=selfsigned.test \
	'subjectAltName = DNS:selfsigned.test,DNS:localhost,IP:127.0.0.1,IP:::1'
chain selfsigned
leaf unknown '' '' '' '' stranger
leaf missing
cp missing.pem missing.chain.pem
leaf rsa '' 'keyUsage = critical,digitalSignature,keyEncipherment' '' "$work/rsa"
leaf rsa1024 '' 'keyUsage = critical,digitalSignature,keyEncipherment' '' "$work/rsa1024"
leaf ed25519 '' '' '' "$work/ed25519"
digest=sha1
leaf sha1
digest=sha256
leaf under-expired '' '' '' '' inter-expired
leaf under-short '' '' '' '' inter-short
leaf under-path '' '' '' '' inter-below
chain under-path inter-below inter-path0
leaf under-leaf '' '' '' '' good
chain under-leaf good inter
to=$((1000 * day))
leaf cross
chain cross inter inter-cross root-cross
to=$((90 * day))
leaf nc-good 'DNS:www.nc.test,IP:127.0.0.1' '' '/CN=www.nc.test' '' inter-names
leaf nc-bad 'DNS:www.elsewhere.test' '' '/CN=www.elsewhere.test' '' inter-names
leaf client '' 'extendedKeyUsage = clientAuth'
leaf usage-none '' 'keyUsage = critical,keyCertSign'
leaf full 'DNS:Full.Test,DNS:*.full.test,IP:192.0.2.7,IP:2001:db8::7,email:post@full.test,URI:urn:x' \
	"$use
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
authorityInfoAccess = OCSP;URI:http://ocsp.full.test/,caIssuers;URI:ldap://no.test/,caIssuers;URI:http://ca.full.test/i.cer
crlDistributionPoints = URI:ldap://no.test/x,URI:http://crl.full.test/i.crl
tlsfeature = status_request
1.3.6.1.4.1.11129.2.4.2 = DER:04:0c:00:0a:00:03:aa:aa:aa:00:03:bb:bb:bb"

# names N: that many subjectAltName entries.
names()
{
	awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++) printf "%sDNS:n%d.many.test", (i == 1 ? "" : ","), i }'
}
leaf many "DNS:localhost,$(names 1499)"
leaf too-many "$(names 2500)"
to=20600101000000Z
leaf y2060
to=99991231235959Z
leaf y9999
to=$((90 * day))
serial=7F00112233445566778899AABBCCDDEEFF001122
leaf serial20
serial=5F2E
leaf negative
serial=
# Behind the headers of body, version and number.
patch negative 11 '\337'

leaf odd-newline '' '' '/O=Test/CN=two
lines'
leaf odd-esc '' '' "/O=Test/CN=$(printf 'red \033[31m bell \007')"
leaf odd-html '' '' '/O=<script>alert(1)<\/script>/CN="quoted" \& <b>'
leaf odd-rtl '' '' "/O=Test/CN=$(printf 'safe \342\200\256txt.exe \331\205')"
mask=MASK:2048
leaf odd-bmp '' '' "/O=Test/CN=$(printf 'Stra\303\237e \342\202\254')"
mask=MASK:4
leaf odd-t61 '' '' "/O=Test/CN=$(printf 'caf\303\251')"
mask=utf8only
leaf odd-long '' '' "/O=$(awk 'BEGIN { for (i = 0; i < 64; i++) printf "o" }')$(
	awk 'BEGIN { for (i = 0; i < 60; i++) { printf "/OU="; for (j = 0; j < 8; j++) printf "long%02d..", i } }')"

leaf odd-nul 'DNS:odd-nul.test@.evil.test' '' '/O=Test/CN=odd-nul.test@.evil.test'
patch odd-nul $(($(offset odd-nul 'odd-nul.test@.evil') + 12)) '\0'
patch odd-nul $(($(offset odd-nul 'odd-nul.test@.evil') + 12)) '\0'
leaf badtime
patch badtime "$(offset badtime '[0-9]\{12\}Z')" x
leaf badsig
openssl x509 -in badsig.pem -outform DER -out "$work/der"
last=$(tail -c 1 "$work/der" | od -An -tu1)
printf "\\$(printf %03o $((last ^ 1)))" |
	dd of="$work/der" bs=1 seek=$(($(wc -c <"$work/der") - 1)) conv=notrunc 2>/dev/null
openssl x509 -inform DER -in "$work/der" -out badsig.pem
chain badsig inter

# Without extensions the request program makes version 1.
cp "$work/leaf.key" v1.key
openssl x509 -req -in "$work/leaf.csr" -CA inter.pem -CAkey inter.key -set_serial 8192 -days 90 \
	-out v1.pem 2>/dev/null
chain v1 inter

for name in $leaves; do
	[ "$name" = badtime ] || cat "$name.pem"
done >bundle.pem
openssl x509 -in good.pem -outform DER -out good.der
{
	printf 'subject=/CN=good.test\r\nsome words before it\r\n\r\n'
	awk '{ printf "%s\r\n", $0 }' good.pem
} >good.crlf.pem
