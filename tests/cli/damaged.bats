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
