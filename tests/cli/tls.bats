#!/usr/bin/env bats
# Over TLS, and through a proxy: socat stands before the stand-in.

load common

teardown() {
	[ -z "${standin_pid:-}" ] || kill "$standin_pid" 2>/dev/null || true
	[ -z "${relays:-}" ] || kill $relays 2>/dev/null || true
}

# listen NAME ADDRESS OTHER: a socat on a free port, which is in the file NAME then.
listen() {
	socat -d -d "$2" "$3" 2>"$1.log" 3>&- &
	relays="${relays:-} $!"
	for _ in $(seq 100); do
		sed -n 's/.* listening on .*:\([0-9]*\)$/\1/p' "$1.log" >"$1"
		[ -s "$1" ] && break
		sleep 0.02
	done
}

# serve_tls: the stand-in behind TLS, with a certificate of its own for 127.0.0.1; $base is its base URL.
serve_tls() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.pem -days 2 \
		-subj /CN=stand-in -addext subjectAltName=IP:127.0.0.1 2>/dev/null
	serve "$@"
	listen tls OPENSSL-LISTEN:0,bind=127.0.0.1,fork,cert=tls.pem,key=tls.key,verify=0 "TCP:127.0.0.1:$(cat port)"
	base=https://127.0.0.1:$(cat tls)/api
}

# A proxy that knows CONNECT alone, and writes each request's head to the file proxy.heads.
serve_proxy() {
	cat >connect <<-'END'
		read -r method target rest
		echo "$method $target" >>proxy.heads
		while read -r line && [ "$line" != "$(printf '\r')" ]; do echo "$line" >>proxy.heads; done
		[ "$method" = CONNECT ] || { printf 'HTTP/1.1 405 no\r\nContent-Length: 0\r\n\r\n'; exit; }
		printf 'HTTP/1.1 200 there it is\r\n\r\n'
		exec socat - "TCP:$target"
	END
	: >proxy.heads
	listen proxy TCP-LISTEN:0,bind=127.0.0.1,fork 'EXEC:sh connect'
}

@test "TLS: a certificate that does not verify gets nothing, neither rows nor the key" {
	serve_tls
	manifest $(urls 3)
	upload m.csv
	expect_status 4
	says "127.0.0.1: the server's certificate does not verify"
	expect_received 0
	run lade review --base-url "$base" m.results.csv
	expect_status 0 # nothing to ask for
	upload m.csv --cacert tls.pem --base-url "https://localhost:$(cat tls)/api" # of another name
	expect_status 4
	says "localhost: the server's certificate does not verify"
	expect_received 0
	# certificates that cannot be read are no outage
	upload m.csv --cacert nowhere.pem
	expect_status 2
	says "the certificates in nowhere.pem cannot be read: No such file"
	SSL_CERT_FILE=nowhere.pem upload m.csv
	expect_status 2
	SSL_CERT_FILE= upload m.csv # as if it were not set
	expect_status 4
	says "the server's certificate does not verify"
	run lade review --base-url "$base" --cacert nowhere.pem m.results.csv
	expect_status 2
	echo garbage >garbage.pem
	for file in garbage.pem .; do
		upload m.csv --cacert $file
		expect_status 4
		says "certificate does not verify: .* $file"
	done
	expect_received 0
	upload m.csv --cacert tls.pem
	expect_status 0
	expect_received 3
	echo "url,assetType" >new.csv
	echo "https://cdn.example.com/new.jpg,Image" >>new.csv
	SSL_CERT_FILE=$PWD/tls.pem upload new.csv
	expect_status 0
	expect_received 4
	run lade review --base-url "$base" new.results.csv
	expect_status 4
	run lade review --base-url "$base" --cacert tls.pem --once new.results.csv
	says "1 asset"
	[ "$(asked)" -ge 1 ]
}

@test "TLS through a proxy: by CONNECT alone, which never sees the key; plain http goes to none" {
	serve_tls
	serve_proxy
	manifest $(urls 2)
	unset NO_PROXY
	https_proxy=http://127.0.0.1:$(cat proxy) upload m.csv --cacert tls.pem -j 1
	expect_status 0
	expect_received 2
	grep -qx "CONNECT 127.0.0.1:$(cat tls)" proxy.heads
	! grep -qi "authorization\|$GLOBALAIOPC_API_KEY" proxy.heads || false
	: >proxy.heads
	https_proxy=http://127.0.0.1:$(cat proxy) NO_PROXY=127.0.0.1 upload m.csv --cacert tls.pem -o direct.csv
	expect_status 0
	ALL_PROXY=http://127.0.0.1:$(cat proxy) http_proxy=http://127.0.0.1:$(cat proxy) \
		upload m.csv --base-url "http://127.0.0.1:$(cat port)/api" -o plain.csv
	expect_status 0
	[ ! -s proxy.heads ]
	expect_received 6
}
