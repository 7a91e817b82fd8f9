#!/usr/bin/env bats
# lade report: text, JSON, page, merging; from outside, with results that a run or a person wrote.

load common

HEAD=url,assetType,name,lade_status,lade_assetId,lade_reviewStatus,lade_httpStatus,lade_code,lade_message,lade_errorClass,lade_attempts,lade_sentAt,lade_finishedAt,lade_durationMs,lade_line

report() {
	run lade report "$@"
}

prints() {
	grep -q -- "$1" <<<"$output" || { echo "$output" >&2; return 1; }
}

# record NUMBER STATUS,ID,REVIEW,HTTP,CODE,MESSAGE,CLASS,ATTEMPTS [MS]: a line of a results file.
record() {
	printf 'https://cdn.example.com/%d.jpg?sig=secret,Image,n,%s,2026-11-25T10:%02d:00.000Z,2026-11-25T10:%02d:00.%03dZ,%d,%d\n' \
		"$1" "$2" $(($1 % 60)) $(($1 % 60)) "${3:-100}" "${3:-100}" $(($1 + 1))
}

sample() {
	echo $HEAD
	record 1 "uploaded,id-1,Active,200,0,ok,,1" 100
	record 2 "uploaded,id-2,,200,0,ok,,2" 200
	record 3 "failed,,,200,1001,content policy,rejected,1" 300
	record 4 "failed,,,200,1001,content policy,rejected,1" 400
	record 5 "in_doubt,,,,,timed out,no_answer,1" 500
	echo 'https:///x,Image,n,invalid,,,,,url: no host,invalid_row,0,,,,7'
	echo 'https://cdn.example.com/1.jpg,Image,n,duplicate,id-1,,,,,,0,,,,8'
	echo 'https://cdn.example.com/9.jpg,Image,n,,,,,,,,0,,,,9'
}

# well_formed FILE: every element of a page is closed where it must be; attributes are quoted.
well_formed() {
	grep -o '<[^>]*>' "$1" | awk '
		/^<!DOCTYPE/ || /\/>$/ { next }
		/^<\// { name = substr($0, 3, length($0) - 3)
			if (stack[n--] != name) { print "closed: " name; bad = 1; exit 1 }
			next }
		{ rest = $0; gsub(/ [a-zA-Z0-9-]+="[^"<]*"/, "", rest)
		  if (rest !~ /^<[a-z][a-z0-9]*>$/) { print "odd: " $0; bad = 1; exit 1 }
		  stack[++n] = substr(rest, 2, length(rest) - 2) }
		END { exit bad || n != 0 }' >&2
}

@test "text: counts, failures with their places, latencies, what to run next" {
	sample >r.csv
	report r.csv
	expect_status 0
	[ ! -s err ]
	prints "^r.csv: 8 records: 2 uploaded, 1 duplicate, 2 failed, 1 in doubt, 1 invalid, 1 to be uploaded$"
	prints "2 x rejected, code 1001: content policy"
	prints "r.csv:4  https://cdn.example.com/3.jpg?…$"
	prints "1 x invalid_row: url: no host"
	prints "p50 301, p95 500, p99 500, max 500 (last attempt of 5 rows)"
	prints "6 requests for 5 rows; 1 sent more than once, 2 times at most"
	prints "first sending 2026-11-25T10:01:00.000Z, last 2026-11-25T10:05:00.000Z"
	prints "review: 1 Active, 1 not asked yet"
	prints "  lade retry r.csv$"
	prints "  lade retry --in-doubt resend r.csv$"
	! prints secret 2>/dev/null || false
}

@test "several files: totals, and a line per file; advice names those that it is about" {
	sample >a.csv
	{ echo $HEAD; record 1 "uploaded,id-1,Active,200,0,ok,,1"; } >b.csv
	report a.csv b.csv
	expect_status 0
	prints "^2 files, 9 records: 3 uploaded"
	prints "^  b.csv: 1 record: 1 uploaded$"
	prints "^  lade retry a.csv$"
	report b.csv
	expect_status 0
	! prints "lade retry" 2>/dev/null || false
}

@test "--json: one object whose numbers add up" {
	sample >r.csv
	report --json r.csv r.csv
	expect_status 0
	jq -e '.records == 16 and .status.failed == 4 and (.status | add) == 16' <<<"$output"
	jq -e '[.files[].records] == [8, 8]' <<<"$output"
	jq -e '.failures[0] | .count == 4 and .class == "rejected" and .code == "1001" and .message == "content policy"' <<<"$output"
	jq -e '.failures[0].examples[0] == {file: "r.csv", line: 4, url: "https://cdn.example.com/3.jpg?…", manifest: null, manifest_line: 4}' <<<"$output"
	jq -e '.latency_ms == {count: 10, min: 100, p50: 301, p95: 500, p99: 500, max: 500}' <<<"$output"
	jq -e '([.timeline[].uploaded] | add) == 4 and ([.timeline[].resent] | add) == 2' <<<"$output"
	jq -e '.next[0].command == "lade retry r.csv r.csv"' <<<"$output"
	jq -e '[.in_review[].not_asked] | add == 2' <<<"$output"
}

@test "an empty results file has a report too" {
	echo $HEAD >r.csv
	: >e.ndjson
	report r.csv
	expect_status 0
	[ "$output" = "r.csv: 0 records" ]
	report --json r.csv e.ndjson
	expect_status 0
	jq -e '.records == 0 and .latency_ms.p50 == null and .first_sent_at == null and .failures == []' <<<"$output"
	report --html page.html r.csv
	expect_status 0
	well_formed page.html
}

@test "--html: a page that is well-formed, names its examples, and needs nothing else" {
	sample >r.csv
	report --html page.html r.csv
	expect_status 0
	[ -z "$output" ]
	[ "$(stat -c %a page.html)" = 600 ]
	well_formed page.html
	grep -q '<h3><bdi>content policy</bdi></h3>' page.html
	grep -q '>r.csv:4</td>' page.html
	grep -q 'https://cdn.example.com/3.jpg?…' page.html
	grep -q 'prefers-color-scheme' page.html
	[ "$(grep -c '<svg' page.html)" -ge 10 ]
	! grep -qi '<script\|<link\|<img\|<iframe\|@import\|url(\| src=\| href=\|secret' page.html || false
	report --html - r.csv
	expect_status 0
	[ "$(tail -1 <<<"$output")" = "</html>" ]
	# a results file or a manifest in the place of the page is a slip of the hand
	cp r.csv kept.csv
	report --html r.csv r.csv
	expect_status 2
	says "r.csv: is there already and is no page"
	cmp r.csv kept.csv
	printf 7 >number
	report --html number r.csv
	expect_status 2
	[ "$(cat number)" = 7 ]
	: >empty
	report --html empty r.csv
	expect_status 0
	well_formed empty
	# one that cannot be read is not known to be a page
	if [ "$(id -u)" -ne 0 ]; then
		chmod 0 number
		report --html number r.csv
		expect_status 2
		says "number: cannot be read"
	fi
	chmod 644 page.html
	report --html page.html --json r.csv
	expect_status 0
	jq -e '.records == 8' <<<"$output"
	[ "$(stat -c %a page.html)" = 644 ]
	[ ! -e page.html.lade-new ]
}

@test "what servers and manifests wrote is escaped, for people and for HTML" {
	{
		echo $HEAD
		printf 'https://cdn.example.com/<b>&%s.jpg,Image,n,failed,,,200,"<i x=""1"">&","<script>alert(1)</script>\033[2J\xe2\x80\xae素材",rejected,1,,,,2\n' '\x1b'
		printf 'https://cdn.example.com/x.jpg,Image,n,failed,,,200,1,"a\033]0;t\007",<class>,1,,,,3\n'
	} >"r&<1>.csv"
	report "r&<1>.csv"
	expect_status 0
	prints '<script>alert(1)</script>\\x1b\[2J\\u{202e}素材'
	! LC_ALL=C grep -q "$(printf '[\033\007]')" <<<"$output" || false
	prints "lade retry 'r&<1>.csv'"
	report --json "r&<1>.csv"
	jq -e . <<<"$output" >/dev/null
	! LC_ALL=C grep -q "$(printf '[\033\007]')" <<<"$output" || false
	report --html page.html "r&<1>.csv"
	expect_status 0
	well_formed page.html
	grep -qF '&lt;script&gt;alert(1)&lt;/script&gt;\x1b[2J\u{202e}素材' page.html
	grep -qF 'r&amp;&lt;1&gt;.csv:2' page.html
	grep -qF 'code &lt;i x=&quot;1&quot;&gt;&amp;' page.html
	! LC_ALL=C grep -q "$(printf '[\033\007]')" page.html || false
	! grep -q '<script\|<i x\|<class\|<b>' page.html || false
}

@test "what is no results file is refused with its line; usage; outputs that cannot be written" {
	printf 'url\nhttps://a/1.jpg\n' >m.csv
	report m.csv
	expect_status 3
	says "lade: m.csv:1: is no results file"
	{ sample; echo a,b,c; echo d,e,f; } >r.csv
	report r.csv
	expect_status 3
	says "r.csv:10: has 3 fields"
	{ sample; echo 'https://a/1.jpg,Image,n,perhaps,,,,,,,0,,,,9'; } >r.csv
	report r.csv
	expect_status 3
	says "r.csv:10: lade_status: perhaps is none of"
	report nowhere.csv
	expect_status 3
	says "nowhere.csv: cannot open it"
	[ -z "$(sed '/^lade:/d' <<<"$output")" ]
	sample >r.csv
	report
	expect_status 2
	says "wants a results file"
	report --json --html - r.csv
	expect_status 2
	report --jason r.csv
	expect_status 2
	says "did you mean --json?"
	report --html nowhere/page.html r.csv
	expect_status 5
	report --html . r.csv
	expect_status 5
	run bash -c '"$LADE" report r.csv >/dev/full 2>err'
	expect_status 5
	says "cannot write to standard output"
	run bash -c '"$LADE" report r.csv >&- 2>err'
	expect_status 5
	run bash -c '"$LADE" report --json r.csv 2>err | true; exit "${PIPESTATUS[0]}"'
	[ "$status" -eq 0 ] || [ "$status" -eq 5 ]
}

@test "numbers that lade never writes do not add up to nonsense" {
	{
		echo $HEAD
		for i in $(seq 10); do record "$i" "uploaded,id-$i,,200,0,ok,,999999999999999999" 999999999999999999; done
		record 11 "uploaded,id-11,,200,0,ok,,999999999"
		record 12 "uploaded,id-12,,200,0,ok,,2"
		record 13 "uploaded,id-13,,200,0,ok,,1000000000"
	} >r.csv
	report --json r.csv
	expect_status 0
	jq -e '.attempts == {requests: 1000000001, rows: 2, rows_resent: 2, most: 999999999}' <<<"$output"
	jq -e '([.timeline[].resent] | add) == 999999999' <<<"$output"
	# nor does a run that goes on from them
	serve
	{
		echo $HEAD
		record 1 "failed,,,200,5,refused,rejected,9223372036854775807"
	} >m.results.csv
	run lade retry --base-url "$base" m.results.csv
	expect_status 0
	[ "$(field lade_attempts 1)" = 1 ]
}

@test "a file that a run is working on is read, not locked, and nothing is counted twice" {
	serve --latency 700
	manifest $(for i in 1 2 3 4 5 6; do echo "https://cdn.example.com/$i.jpg?fault=code:5;times:1"; done)
	upload m.csv -j 6
	expect_status 1
	lade retry --base-url "$base" m.results.csv -j 2 3>&- &
	pid=$!
	for _ in $(seq 60); do
		[ "$(wc -l <m.results.csv)" -le 7 ] || break
		sleep 0.05
	done
	cp err err.retry
	run timeout 20 "$LADE" report --json m.results.csv
	expect_status 0
	json=$(sed '/^lade:/d' <<<"$output")
	jq -e '.records == 6' <<<"$json"
	jq -e '.files[0] | .settled == false and .superseded > 0 and .superseded < 6' <<<"$json"
	jq -e '.status.uploaded == .files[0].superseded' <<<"$json"
	prints "a run is on it, or has died on it"
	run timeout 20 "$LADE" report --merge all.csv m.results.csv
	expect_status 6
	[ ! -e all.csv ]
	wait "$pid"
	report m.results.csv
	prints "6 records: 6 uploaded$"
	[ ! -s err ]
}

@test "a torn last line is passed over with a note" {
	sample >r.csv
	before=$(md5sum <r.csv)
	printf 'https://cdn.example.com/10.jpg,Image,"a\nb,c' >>r.csv
	report r.csv
	expect_status 0
	prints "8 records:"
	says "passed over a torn last line of 43 bytes"
	sample >r.csv
	printf 'https://cdn.example.com/10.jpg,Ima' >>r.csv
	report r.csv
	expect_status 0
	prints "8 records:"
	says "passed over a torn last line"
	# a person's editor that leaves out the last line end is no tear
	sample | head -c -1 >r.csv
	report r.csv
	prints "8 records:"
	[ ! -s err ]
	printf '%s\n' '{"url":"https://a/1.jpg","lade_status":"failed","lade_message":"a \"b\"","lade_errorClass":"rejected"}' >r.ndjson
	printf '{"url":"https://a/2.jpg","lade_st' >>r.ndjson
	report r.ndjson
	expect_status 0
	prints "1 record: 1 failed"
	prints '1 x rejected: a "b"'
	[ "$(sample | md5sum)" = "$before" ]
}

@test "results from standard input, compressed, and TSV" {
	sample >r.csv
	run bash -c '"$LADE" report - <r.csv'
	prints "^-: 8 records:"
	run bash -c 'cat r.csv | "$LADE" report -'
	prints "^-: 8 records:"
	gzip -k r.csv
	report r.csv.gz
	prints "^r.csv.gz: 8 records:"
	tr , '\t' <r.csv >r.tsv
	report r.tsv
	prints "^r.tsv: 8 records:"
}

@test "--merge: four shards of 20,000 rows give what one run gives" {
	serve
	seq -f 'https://cdn.example.com/%.0f.jpg,Image,"a, ""b"""' 20000 | sed '1i url,assetType,name' >m.csv
	upload m.csv -j 64 --rate none
	expect_status 0
	awk 'NR == 1 { for (i = 0; i < 4; i++) print >("s" i ".csv"); next } { print >("s" (NR * 7 % 4) ".csv") }' m.results.csv
	report --merge all.results.csv s3.csv s1.csv s0.csv s2.csv
	expect_status 0
	says "20,000 records of 4 files in all.results.csv, by lade_line"
	cmp all.results.csv m.results.csv
	[ "$(stat -c %a all.results.csv)" = 600 ]
	upload m.csv -o all.results.csv
	expect_status 0
	says "20,000 skipped"
	expect_received 20000
}

@test "--merge unites columns, keeps each file's order, and the result can be retried" {
	serve
	printf 'sku,URL\n1,https://cdn.example.com/1.jpg\n2,https://cdn.example.com/2.jpg?fault=code:5;times:1\n' >a.csv
	printf 'url;Farbe;Bild\nhttps://cdn.example.com/3.jpg;rot;x\nhttps://cdn.example.com/1.jpg;blau;y\n' >b.csv
	printf 'image,url\nhttps://cdn.example.com/4.jpg,https://shop.example.com/4\n' >c.csv
	upload a.csv
	upload b.csv
	upload c.csv --map url=image
	expect_status 0
	expect_received 5
	# two columns that could be url: each record says which it meant
	report --merge two.csv a.results.csv b.results.csv
	expect_status 0
	[ "$(field lade_url 4 two.csv)" = https://cdn.example.com/1.jpg ]
	report --json two.csv
	jq -e '.records == 4 and .failures[0].examples[0].url == "https://cdn.example.com/2.jpg?…"' <<<"$output"
	report --merge all.csv a.results.csv b.results.csv c.results.csv
	expect_status 0
	[ "$(wc -l <all.csv)" -eq 6 ]
	[ "$(field lade_url 1 all.csv)" = https://cdn.example.com/1.jpg ]
	[ "$(awk -F , 'NR > 1' all.csv | grep -c 'cdn.example.com/1.jpg')" -eq 2 ]
	[ "$(for i in 1 2 3 4 5; do field lade_url $i all.csv; done | sed 's/?.*//; s/.*com.//' | paste -sd ' ')" = "1.jpg 3.jpg 4.jpg 2.jpg 1.jpg" ]
	[ "$(field Farbe 2 all.csv)$(field sku 4 all.csv)" = rot2 ]
	retry all.csv
	expect_status 0
	says "1 uploaded, 4 skipped"
	expect_received 6
	[ "$(field lade_status 4 all.csv)" = uploaded ]
	report all.csv
	prints "5 records: 5 uploaded"
}

@test "--merge of JSON Lines; without lines one file follows the other; what does not go together" {
	printf '%s\n' '{"url":"https://a/2.jpg","n":1.50,"lade_status":"failed","lade_line":2}' '{"url":"https://a/4.jpg","lade_status":"failed","lade_line":4}' >a.ndjson
	printf '%s' '{"url":"https://a/1.jpg","o":{"x":[1]},"lade_status":"failed","lade_line":1}' >b.ndjson
	report --merge all.ndjson a.ndjson b.ndjson
	expect_status 0
	cmp all.ndjson <(cat b.ndjson; echo; cat a.ndjson)
	printf '%s\n' '{"url":"https://a/1.jpg","lade_status":"failed","lade_manifest":"x","lade_line":1}' >b.ndjson
	report --merge all.ndjson a.ndjson b.ndjson
	expect_status 0
	says "file by file"
	cmp all.ndjson <(cat a.ndjson b.ndjson)
	sample >r.csv
	report --merge all.ndjson a.ndjson r.csv
	expect_status 2
	says "r.csv: is CSV, the files before it are JSON Lines"
	report --merge all.csv a.ndjson
	expect_status 2
	report --merge r.csv r.csv
	expect_status 2
	says "is one of the files to be merged"
	cmp all.ndjson <(cat a.ndjson b.ndjson)
	echo a,b >>r.csv
	report --merge new.csv r.csv
	expect_status 3
	says "r.csv:10: has 2 fields"
	[ ! -e new.csv ]
	sample >r.csv
	report --merge nowhere/new.csv r.csv
	expect_status 5
	report --merge all.ndjson - <r.csv
	expect_status 2
	# what is there already is replaced only if nothing is lost
	cp r.csv old.csv
	{ sample; record 11 "uploaded,id-11,,200,0,ok,,1"; } >more.csv
	report --merge old.csv more.csv
	expect_status 0
	cmp old.csv more.csv
	report --merge old.csv r.csv
	expect_status 2
	says "old.csv: is there already and knows 1 asset that none of the files"
	echo url >notes.csv
	report --merge notes.csv r.csv
	expect_status 2
	says "notes.csv: is there already and is no results file"
	[ "$(cat notes.csv)" = url ]
	# what a writer that died left behind is no hindrance; a lade that works on the file is
	: >new.csv.lade-new
	report --merge new.csv r.csv
	expect_status 0
	flock new.csv timeout 20 "$LADE" report --merge new.csv r.csv 2>err && false
	says "a run is on it"
}
