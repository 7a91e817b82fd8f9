#!/usr/bin/env bats
# check --probe: what the URLs' own servers say.

load common

# probe [options] FILE: $output is what was printed; the servers are on this machine.
probe() {
	run sh -c 'timeout 30 "$LADE" check --probe --allow-private "$@" 2>err' sh "$@"
}

shows() {
	grep -qF -- "$1" <<<"$output" || { echo "$output" >&2; cat err journal >&2; return 1; }
}

# media TYPE PATH...: a CSV with these media of the stand-in.
media() {
	local type=$1
	shift
	{
		echo url,assetType
		printf "http://127.0.0.1:$(cat port)/media/%s,$type\n" "$@"
	} >m.csv
}

# asked METHOD: how many of these came
came() {
	awk -F '\t' -v m="$1" '$4 == m' journal | wc -l
}

@test "a manifest that comes slowly through a pipe is asked for as it comes" {
	serve
	media Image a.jpg b.jpg
	run sh -c '{ head -n 2 m.csv; sleep 0.5; tail -n 1 m.csv; } | timeout 30 "$LADE" check --probe --allow-private - 2>err'
	expect_status 0
	shows "2 asked for at their own servers, 0 with a problem"
	# the first was not kept waiting for the second
	awk -F '\t' 'NR == 1 { first = $1 } END { exit !($1 - first > 300) }' journal
}

@test "reachable media: one HEAD each, no key; sizes are added up" {
	serve
	media Image a.jpg "b.jpg?size=24" "c.jpg?type=application/octet-stream"
	probe m.csv
	expect_status 0
	shows "3 asked for at their own servers, 0 with a problem, 2024 bytes"
	[ "$(came HEAD)" -eq 3 ]
	[ "$(came GET)" -eq 0 ]
	[ "$(cut -f 6 journal | sort -u)" = key-none ]
}

@test "what is missing, another type, empty: named with its line, after a second look by GET" {
	serve
	media Image "a.jpg?status=404" "b.jpg?type=text/html" "c.jpg?size=0" "d.jpg?type=video/mp4" ok.jpg
	probe m.csv
	expect_status 1
	shows "m.csv:2: url: its server answers HTTP 404"
	shows "m.csv:3: url: its server says text/html, which is no Image"
	shows "m.csv:4: url: its server says that it has 0 bytes"
	shows "m.csv:5: url: its server says video/mp4, which is no Image"
	shows "5 asked for at their own servers, 4 with a problem"
	[ "$(came HEAD)" -eq 5 ]
	[ "$(came GET)" -eq 4 ]
	media Document "a.pdf?type=text/html" "b.pdf?type=application/pdf;charset=x"
	probe m.csv
	shows "m.csv:2: url: its server says text/html, which is no Document"
	shows "2 asked for at their own servers, 1 with a problem"
}

@test "a server that takes no HEAD is asked by GET, and no more than 64 KiB are read" {
	serve
	media Image "a.jpg?head=405&size=77" "b.jpg?head=403&whole&size=300000" "c.jpg?chatty" "d.jpg?drop&size=23"
	probe m.csv
	shows "4 asked for at their own servers, 0 with a problem, 300100 bytes"
	expect_status 0
}

@test "redirects: five are followed, each checked; a sixth is one too many" {
	serve
	at=http://127.0.0.1:$(cat port)/media
	five=/media/end.jpg
	for _ in 1 2 3 4 5; do five="/media/h.jpg?status=302&location=$five"; done
	media Image "${five#/media/}" "c.jpg?status=302&location=$five" "d.jpg?status=301&location=ftp://x.example/d.jpg" \
		"e.jpg?status=307&location=http://u:p@x.example/" "f.jpg?status=304" "g.jpg?status=308&location=$at/h.jpg?size=5"
	probe m.csv
	expect_status 1
	! grep -q "^m.csv:2:" <<<"$output" || false
	shows "m.csv:3: url: its server redirects more than 5 times"
	shows "m.csv:4: url: its server redirects to what cannot be asked (url: does not begin with http"
	shows "m.csv:5: url: its server redirects to what cannot be asked (url: holds a user name"
	shows "m.csv:6: url: its server answers HTTP 304"
	shows "6 asked for at their own servers, 4 with a problem, 1005 bytes"
}

@test "a host that resolves to a private address is refused at the connection" {
	echo "127.0.0.1 media.example.com" >hosts
	unshare -rm mount --bind hosts /etc/hosts 2>/dev/null || skip "no mount namespaces here"
	serve
	{ echo url,assetType; echo "http://media.example.com:$(cat port)/media/a.jpg,Image"; } >m.csv
	run unshare -rm sh -c 'mount --bind hosts /etc/hosts; timeout 20 "$LADE" check --probe m.csv 2>err'
	expect_status 1
	shows "m.csv:2: url: its server's address is private (--allow-private asks all the same)"
	[ "$(came HEAD)" -eq 0 ]
	run unshare -rm sh -c 'mount --bind hosts /etc/hosts; timeout 20 "$LADE" check --probe --allow-private m.csv 2>err'
	expect_status 0
	[ "$(came HEAD)" -eq 1 ]
}

@test "at most 4 to a host, -j over all, --rate between starts" {
	serve --latency 200
	media Image $(seq 12)
	before=$(date +%s%N)
	probe -j 12 m.csv
	expect_status 0
	took=$((($(date +%s%N) - before) / 1000000))
	[ "$took" -ge 550 ] && [ "$took" -lt 6000 ]
	[ "$(cut -f 2 journal | sort -u | wc -l)" -eq 4 ]
	stop_serving
	serve --port "$(cat port)"
	: >journal
	media Image $(seq 11)
	probe --rate 20/s m.csv
	awk -F '\t' 'NR == 1 { first = $1 } { last = $1 } END { span = last - first; print span; exit !(span >= 480 && span <= 1500) }' journal
}

@test "nobody there, nobody answers; invalid rows and duplicates are not asked for" {
	serve
	media Image a.jpg a.jpg
	echo "http://127.0.0.1:1/x.jpg,Image" >>m.csv
	echo "ftp://127.0.0.1/x.jpg,Image" >>m.csv
	probe m.csv
	expect_status 1
	shows "m.csv:4: url: cannot be reached: "
	shows "m.csv:5: url: does not begin with"
	shows "all                   1             1             2"
	shows "2 asked for at their own servers, 1 with a problem"
	stop_serving
	serve --port "$(cat port)" --outage 0:100:hang
	: >journal
	media Image a.jpg
	probe --timeout 500ms m.csv
	expect_status 1
	shows "m.csv:2: url: cannot be reached: no answer in time"
}

@test "--json has a line on each answer" {
	serve
	media Image "a.jpg?size=24" "b.jpg?status=500"
	probe --json m.csv
	expect_status 1
	jq -es '(map(select(.kind == "probe")) | sort_by(.line) | map([.line, .httpStatus, .contentType, .bytes]))
		== [[2, 200, "image/jpeg", 24], [3, 500, "image/jpeg", 1000]] and
		.[-1].probed == 2 and .[-1].unreachable == 1 and .[-1].bytes == 24' <<<"$output"
}

@test "a standard output that is full ends it: exit 5" {
	serve --latency 100
	media Image $(seq 40)
	run sh -c 'timeout 30 "$LADE" check --probe --allow-private --json m.csv >/dev/full 2>err'
	expect_status 5
	says "cannot write to standard output"
	[ "$(came HEAD)" -lt 40 ]
}
