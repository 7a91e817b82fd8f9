#!/usr/bin/env bats
# Rows that are damaged for a night, and mended the next day: nothing is lost, nothing sent twice, and
# nothing is sent that the manifest never said.

load common

u=https://cdn.example.com

# damage_and_mend FILE RESULTS: has an asset; is uploaded damaged (FILE.bad), then mended (FILE.good).
damage_and_mend() {
	upload "$1"
	expect_status 0
	cp "$2" before
	cp "$1" good
	cp "$1.bad" "$1"
	upload "$1"
	expect_status 1
	says "1 invalid"
	cp good "$1"
	upload "$1"
	expect_status 0
	says "skipped"
	expect_received 1
}

@test "an asset outlives a row with a comma too many" {
	serve
	printf 'url,name\n%s/1.jpg,Foo\n' $u >m.csv
	printf 'url,name\n%s/1.jpg,Foo, bar\n' $u >m.csv.bad
	damage_and_mend m.csv m.results.csv
	[ "$(sed -n 2p m.results.csv)" = "$(sed -n 2p before)" ]
}

@test "an asset outlives a row with a byte that is no UTF-8" {
	serve
	printf 'url,name\n%s/1.jpg,Foo\n' $u >m.csv
	printf 'url,name\n%s/1.jpg,caf\351\n' $u >m.csv.bad
	damage_and_mend m.csv m.results.csv
	cmp m.results.csv before
}

@test "an asset outlives a member of the wrong kind" {
	serve
	printf '{"url":"%s/1.jpg","name":"x"}\n' $u >m.ndjson
	printf '{"url":"%s/1.jpg","name":[]}\n' $u >m.ndjson.bad
	damage_and_mend m.ndjson m.results.ndjson
	cmp m.results.ndjson before
}

@test "a doubt outlives a damaged row: it is not sent again unasked" {
	serve
	printf 'url,name\n%s/1.jpg?fault=drop,Foo\n' $u >m.csv
	upload m.csv
	expect_status 1
	says "1 in doubt"
	expect_received 1
	printf 'url,name\n%s/1.jpg?fault=drop,caf\351\n' $u >m.csv
	upload m.csv
	expect_status 1
	says "m.csv:2:45: is not UTF-8"
	printf 'url,name\n%s/1.jpg?fault=drop,Foo\n' $u >m.csv
	upload m.csv
	says "1 in doubt"
	expect_received 1
}

@test "a row with a wrong number of fields is never sent by retry as something else" {
	serve
	printf 'url,name\n%s/a,1.jpg,Name\n%s/b.jpg\n%s/c.jpg,x\n' $u $u $u >m.csv
	upload --type Image m.csv
	expect_status 1
	says "m.csv:2: has 3 fields, the header has 2"
	says "m.csv:3: has 1 field, the header has 2"
	expect_received 1
	retry m.results.csv
	expect_status 1
	says "2 invalid"
	upload --type Image m.csv
	expect_status 1
	says "1 skipped, 2 invalid"
	expect_received 1
	[ "$(wc -l <m.results.csv)" = 4 ]
	[ "$(field lade_line 1)" = 2 ] && [ "$(field lade_status 1)" = invalid ]
	[ "$(field url 1)" = "" ]
	# in the other format too
	upload --type Image m.csv -o n.ndjson
	upload --type Image m.csv -o n.ndjson
	[ "$(jq -c 'select(.lade_status == "invalid") | [.url, .lade_line]' n.ndjson | tr '\n' ' ')" = "[null,2] [null,3] " ]
	[ "$(wc -l <n.ndjson)" = 3 ]
}

@test "an element whose text cannot be decoded is never sent by retry as something else" {
	serve
	printf '[{"assetType":"Document","url":"%s/1.jpg","name":"caf\\ud83d"},\n{"url":"%s/2.jpg"}]' $u $u >m.json
	upload m.json
	expect_status 1
	says "m.json:1:75: holds half a character as an escape (a lone surrogate)"
	for _ in 1 2; do
		upload m.json
		expect_status 1
		says "1 skipped, 1 invalid"
		retry m.results.ndjson
		expect_status 1
		says "1 invalid"
	done
	expect_received 1
	[ "$(wc -l <m.results.ndjson)" = 2 ]
	[ "$(jq -c 'select(.lade_status == "invalid") | [.name, .lade_assetType, .lade_line]' m.results.ndjson)" = "[null,null,1]" ]
}

# same_rows URL LETTER...: m.csv with rows of one identity: b is damaged, g is good.
same_rows() {
	local url=$1 letter
	shift
	echo url,name >m.csv
	for letter in "$@"; do
		[ "$letter" = b ] && printf '%s,caf\351\n' "$url" || printf '%s,one\n' "$url"
	done >>m.csv
}

# statuses: of all records, in order.
statuses() {
	local row
	for row in $(seq $(($(wc -l <m.results.csv) - 1))); do field lade_status "$row"; done | tr '\n' ' '
}

@test "a doubt behind a damaged first row is held in every run, and once that is mended" {
	serve
	same_rows "$u/1.jpg?fault=drop;create" b g
	for _ in 1 2 3; do
		upload m.csv
		expect_status 1
		says "1 in doubt, 1 invalid"
		expect_received 1
		[ "$(statuses)" = "invalid in_doubt " ]
	done
	same_rows "$u/1.jpg?fault=drop;create" g g g
	for _ in 1 2; do
		upload m.csv
		expect_status 1
		says "3 in doubt"
		expect_received 1
		[ "$(statuses)" = "in_doubt in_doubt in_doubt " ]
		[ "$(field lade_errorClass 1)" = no_answer ]
	done
	retry m.results.csv --in-doubt resend --retries 0
	expect_received 2
}

@test "of the rows behind a damaged first one, one is sent, and the others get its outcome" {
	serve
	same_rows "$u/1.jpg?fault=drop;create" b b g g
	upload m.csv --in-doubt hold -j 1
	expect_status 1
	expect_received 1
	[ "$(statuses)" = "invalid invalid in_doubt in_doubt " ]
	echo "$u/1.jpg?fault=drop;create,one" >>m.csv # a row more, a day later
	upload m.csv
	expect_status 1
	expect_received 1
	[ "$(statuses)" = "invalid invalid in_doubt in_doubt in_doubt " ]
	rm m.results.csv
	same_rows "$u/2.jpg" b g g
	upload m.csv
	expect_status 1
	says "1 uploaded, 1 duplicate, 1 invalid"
	expect_received 2
}

@test "what was rejected behind a damaged first row is left to retry" {
	serve
	same_rows "$u/1.jpg?fault=code:5" b g g
	for _ in 1 2 3; do
		upload m.csv
		expect_status 1
		says "2 failed, 1 invalid"
		expect_received 1
	done
	retry m.results.csv
	says "2 failed, 1 invalid"
	expect_received 2
}

@test "a first row that is damaged for a night: the others neither forget nor repeat what they learn" {
	serve
	same_rows "$u/1.jpg?fault=status:503;body:html;times:1" g
	upload m.csv --retries 0
	says "1 failed"
	same_rows "$u/1.jpg?fault=status:503;body:html;times:1" b g g
	upload m.csv
	says "1 uploaded, 1 duplicate, 1 invalid"
	[ "$(statuses)" = "failed uploaded duplicate " ]
	expect_received 2
	# and a doubt of the others is one of the first, too
	stop_serving
	rm m.results.csv journal
	printf '%s\n' '2.jpg status:503;body:html;times:1' '2.jpg drop;create' >rules
	serve --rules rules
	same_rows "$u/2.jpg" g
	upload m.csv --retries 0
	says "1 failed"
	sed -i 1d rules
	stop_serving
	serve --rules rules
	same_rows "$u/2.jpg" b g
	upload m.csv
	[ "$(statuses)" = "failed in_doubt " ]
	expect_received 2
	same_rows "$u/2.jpg" g g
	upload m.csv
	says "1 failed, 1 in doubt"
	expect_received 2
}

@test "a doubt that is not the first record's is no failure when it was sent again in vain" {
	echo '* status:503;code:503' >rules
	serve --rules rules
	same_rows "$u/1.jpg?fault=drop;create;times:1" b g g
	upload m.csv
	[ "$(statuses)" = "invalid in_doubt in_doubt " ]
	upload m.csv --in-doubt resend --retries 0
	[ "$(statuses)" = "invalid in_doubt in_doubt " ]
	[ "$(field lade_errorClass 2)" = no_answer ]
	n=$(received)
	[ "$n" -gt 1 ]
	upload m.csv
	says "2 in doubt, 1 invalid"
	expect_received "$n"
	# nor where the first failed once, and nobody doubts that
	stop_serving
	rm m.results.csv journal
	echo '2.jpg status:503;body:html;code:503;times:1' >rules
	serve --rules rules
	same_rows "$u/2.jpg" g
	upload m.csv --retries 0
	[ "$(statuses)" = "failed " ]
	stop_serving
	echo '2.jpg drop;create' >rules
	serve --rules rules
	same_rows "$u/2.jpg" b g
	upload m.csv
	[ "$(statuses)" = "failed in_doubt " ]
	stop_serving
	echo '2.jpg status:503;code:503' >rules
	serve --rules rules
	same_rows "$u/2.jpg" g g
	upload m.csv --in-doubt resend --retries 0
	[ "$(statuses)" = "in_doubt in_doubt " ]
}

@test "behind a damaged first row an asset is renewed, and its version filled in, as any" {
	serve
	printf 'url,name,rev\n%s/1.jpg,caf\351,a\n%s/1.jpg,one,\n%s/1.jpg,one,x\n' $u $u $u >m.csv
	upload m.csv --version-column rev
	says "1 uploaded, 1 duplicate, 1 invalid"
	old=$(field lade_assetId 2)
	sed -i '3s/,$/,a/' m.csv
	upload m.csv --version-column rev
	says "2 skipped, 1 invalid"
	[ "$(field rev 2)" = a ]
	[ "$(field lade_assetId 2)" = "$old" ]
	sed -i '3s/,a/,b/; 4s/,x/,y/' m.csv
	upload m.csv --version-column rev
	says "1 uploaded, 1 duplicate, 1 invalid"
	expect_received 2
	[ "$(field lade_previousAssetId 2)" = "$old" ]
	[ "$(field lade_assetId 2)" != "$old" ]
	[ "$(field lade_assetId 3)" = "$(field lade_assetId 2)" ]
	upload m.csv --version-column rev
	says "2 skipped, 1 invalid"
	expect_received 2
	# one that failed is behind no row that keeps the old id
	stop_serving
	echo '1.jpg code:1001' >rules
	serve --rules rules
	sed -i '3s/,b/,c/; 4d' m.csv
	upload m.csv --version-column rev
	says "1 failed, 1 invalid"
	[ "$(statuses)" = "invalid failed duplicate " ]
	upload m.csv --version-column rev
	says "1 failed, 1 invalid"
	expect_received 3
}

@test "behind a damaged first row an asset is uploaded again that the review rejected" {
	serve
	printf '{"url":"%s/1.jpg","name":[]}\n{"url":"%s/1.jpg"}\n' $u $u >m.ndjson
	upload m.ndjson
	says "1 uploaded, 1 invalid"
	sed -i 's/"lade_reviewStatus":null,\(.*"lade_code":"0"\)/"lade_reviewStatus":"Failed",\1/' m.results.ndjson
	grep -q Failed m.results.ndjson
	retry m.results.ndjson --only review_failed
	says "1 uploaded, 1 invalid"
	expect_received 2
}

@test "a doubt outlives a row that may not be sent any more, whatever was asked for" {
	serve
	printf 'url\nhttp://10.0.0.1/1.jpg?fault=drop;create;times:1\n' >m.csv
	upload m.csv --allow-private
	says "1 in doubt"
	cp m.results.csv before
	upload m.csv --in-doubt resend
	expect_status 1
	says "m.csv:2: url: "
	says "1 invalid"
	cmp m.results.csv before
	upload m.csv --allow-private
	says "1 in doubt"
	expect_received 1
}

@test "in JSON Lines a damaged row takes no record from the good ones of its identity" {
	serve
	for rows in "b g" "b g g" "g b g"; do
		rm -f n.ndjson
		same_rows "$u/1.jpg" $rows
		upload m.csv -o n.ndjson
		says " 1 invalid"
		cp n.ndjson before
		for _ in 1 2; do
			upload m.csv -o n.ndjson
			says " $(grep -o g <<<"$rows" | wc -l) skipped, 1 invalid"
			cmp n.ndjson before
		done
	done
	# one that is damaged for a night
	rm n.ndjson
	same_rows "$u/1.jpg" g g
	upload m.csv -o n.ndjson
	cp n.ndjson before
	same_rows "$u/1.jpg" b g
	upload m.csv -o n.ndjson
	says "1 skipped, 1 invalid"
	cmp n.ndjson before
	expect_received 4
}
