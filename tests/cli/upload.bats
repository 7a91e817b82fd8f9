#!/usr/bin/env bats
# What upload and retry do with manifests, results files, keys and signals.

load common

@test "a second run skips what is there and leaves the file byte for byte" {
	serve
	manifest $(urls 20)
	upload m.csv
	expect_status 0
	cp m.results.csv before
	upload m.csv
	expect_status 0
	says "20 skipped"
	expect_received 20
	cmp before m.results.csv
}

@test "what is new in the manifest is uploaded, in its place behind what was there" {
	serve
	manifest $(urls 3)
	upload m.csv
	echo https://cdn.example.com/new.jpg,Image,new >>m.csv
	upload m.csv
	expect_status 0
	says "1 uploaded, 3 skipped"
	[ "$(field url 4)" = https://cdn.example.com/new.jpg ]
	expect_received 4
}

@test "results are in the manifest's order however the answers come" {
	serve
	{
		echo n,url
		for i in $(seq 60); do echo "$i,https://cdn.example.com/$i.jpg?fault=delay:$((i * 37 % 90))"; done
	} >m.csv
	upload m.csv -j 20
	expect_status 0
	cut -d , -f 1 m.results.csv | sed 1d >got
	seq 60 | cmp - got
}

@test "columns are carried through as they were: quotes, line ends, delimiters, non-ASCII" {
	serve
	printf '"a, b",url,"say ""x"""\r\n"1\r\n2",https://cdn.example.com/1.jpg,"q ""q"""\r\n素材,https://cdn.example.com/2.jpg,;\r\n' >m.csv
	upload m.csv
	expect_status 0
	head -c 23 m.results.csv | grep -q '^"a, b",url,"say ""x""",'
	grep -q '^素材,https://cdn.example.com/2.jpg,;,' m.results.csv
	grep -q '2",https://cdn.example.com/1.jpg,"q ""q""",' m.results.csv
}

@test "--map reads other columns; the results say what was meant" {
	serve
	printf 'Image Src,Title,url\nhttps://cdn.example.com/1.jpg,One,https://shop.example.com/page\n,Two,\n' >m.csv
	upload m.csv --map "url=Image Src,name=Title" --type Image --skip-empty
	expect_status 0
	says "1 without a url passed over"
	[ "$(field lade_url 1)" = https://cdn.example.com/1.jpg ]
	[ "$(field lade_name 1)" = One ]
	[ "$(field lade_assetType 1)" = Image ]
	[ "$(field url 1)" = https://shop.example.com/page ]
	[ "$(cut -f 9 journal)" = '{"assetType":"Image","url":"https://cdn.example.com/1.jpg","name":"One"}' ]
	[ "lade/$(cut -f 10 journal | cut -d / -f 2)" = "$("$LADE" --version | head -1 | tr ' ' /)" ]
	upload m.results.csv
	expect_status 0
	expect_received 1
}

@test "a JSON array: nested members are carried, a mapped url that is empty is never the plain one" {
	serve
	cat >m.json <<-'END'
		[ {"pic": {"src": ["https://cdn.example.com/1.jpg"]}, "n": 1.10e5, "url": "https://museum.example.com/1", "deep": {"a": [1, {"b": null}]}},
		  {"pic": {"src": [""]}, "url": "https://museum.example.com/2"} ]
	END
	upload m.json --map url=pic.src.0 --type Image
	expect_status 1
	expect_received 1
	head -1 m.results.ndjson >first
	grep -q '"n":1.10e5' first
	[ "$(jq -c '[.url, .lade_url, .deep.a[1].b, .lade_status]' first)" = \
		'["https://museum.example.com/1","https://cdn.example.com/1.jpg",null,"uploaded"]' ]
	upload m.results.ndjson
	expect_status 1
	expect_received 1
}

@test "JSON Lines: a bad line is that row's fault alone" {
	serve
	printf '%s\n' '{"url":"https://cdn.example.com/1.jpg"}' '{"url":' \
		'"https://cdn.example.com/2.jpg"' >m.ndjson
	upload m.ndjson
	expect_status 1
	expect_received 2
	says "m.ndjson:2:8: the JSON ends too early"
	[ "$(jq -r .lade_status m.results.ndjson | paste -sd ' ')" = "uploaded invalid uploaded" ]
	upload m.ndjson
	expect_received 2
	[ "$(wc -l <m.results.ndjson)" -eq 3 ]
}

@test "a bad byte is named by its own line and column, the row by its first line" {
	serve
	printf 'url,name\nhttps://cdn.example.com/1.jpg,"a\nb\351"\n' >m.csv
	upload m.csv
	expect_status 1
	says "m.csv:3:2: is not UTF-8 (perhaps Latin-1: iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW)"
	[ "$(tail -1 m.results.csv | grep -o ',2$')" = ,2 ]
}

@test "a --map that is nowhere in the JSON is an error, with --skip-empty too" {
	serve
	echo '[{"image":"https://cdn.example.com/1.jpg"}]' >m.json
	upload m.json --map url=picture --skip-empty
	expect_status 3
	says "m.json: no element has a member picture"
	upload m.json
	expect_status 1
	says "m.json:1: no member url"
	expect_received 0
}

@test "one catalog as spreadsheets save it: commas, semicolons, TABs, UTF-16, gzip: the same uploads" {
	serve
	cat >a.csv <<-'END'
		Handle,Title,Image Src,Price
		ring,"Ring, ""gold""",https://cdn.example.com/ring.jpg?v=1,"12,50"
		lamp,"Lamp
		blue",https://cdn.example.com/läm p.jpg,3
		none,Nothing,,
	END
	# LibreOffice: text in quotation marks, LF; Excel: a byte order mark, CRLF, the locale's delimiter
	cat >b.csv <<-'END'
		"Handle";"Title";"Image Src";"Price"
		"ring";"Ring, ""gold""";"https://cdn.example.com/ring.jpg?v=1";"12,50"
		"lamp";"Lamp
		blue";"https://cdn.example.com/läm p.jpg";3
		"none";"Nothing";;
	END
	{ printf '\357\273\277'; sed 's/$/\r/' b.csv | sed 's/^"lamp";"Lamp\r/"lamp";"Lamp/'; } >c.csv
	sed 's/;/\t/g' b.csv >d.tsv
	cp d.tsv e.csv
	gzip -c a.csv >f.csv.gz
	iconv -f UTF-8 -t UTF-16 b.csv >g.csv
	run lade upload --base-url "$base" g.csv
	expect_status 3
	says "iconv -f UTF-16 -t UTF-8 FILE > NEW"
	iconv -f UTF-16 -t UTF-8 g.csv >h.csv
	for file in a.csv b.csv c.csv d.tsv e.csv f.csv.gz h.csv; do
		: >journal
		upload $file --map "url=Image Src,name=Title" --type Image --skip-empty
		expect_status 0
		says "2 uploaded; 1 without a url passed over"
		cut -f 9 journal | sort >"$file.sent"
		cmp a.csv.sent "$file.sent"
	done
	grep -qF '"name":"Ring, \\"gold\\""' a.csv.sent
}

@test "what is no manifest is named for what it is, with what mends it" {
	serve
	printf 'url\nhttps://cdn.example.com/1.jpg\n' | iconv -f UTF-8 -t UTF-16 >m.csv
	upload m.csv
	expect_status 3
	says "m.csv:1:1: is UTF-16, not UTF-8: iconv -f UTF-16 -t UTF-8 FILE > NEW"
	iconv -f UTF-16 -t UTF-8 m.csv >n.csv
	upload n.csv
	expect_status 0
	printf 'PK\003\004....' >m.csv
	upload m.csv
	expect_status 3
	says "perhaps a spreadsheet (.xlsx, .ods): save it as CSV UTF-8"
}

@test "standard input needs -o, and is read as it comes" {
	serve
	manifest $(urls 2)
	run lade upload --base-url "$base" - <m.csv
	expect_status 2
	says "needs -o"
	run lade upload --base-url "$base" -o out.csv - < <(head -2 m.csv; sleep 1; tail -1 m.csv)
	expect_status 0
	expect_received 2
	# the first row did not wait for the second
	[ "$(awk -F '\t' 'NR == 1 { a = $1 } NR == 2 { print ($1 - a > 700) }' journal)" -eq 1 ]
}

@test "a duplicate is sent once and gets the id" {
	serve --latency 100
	manifest https://cdn.example.com/1.jpg https://cdn.example.com/1.jpg https://cdn.example.com/2.jpg
	echo https://cdn.example.com/1.jpg,IMAGE,other >>m.csv
	upload m.csv
	expect_status 0
	expect_received 2
	expect_row 2 duplicate ""
	[ "$(field lade_assetId 2)" = "$(field lade_assetId 1)" ]
	[ "$(field lade_assetId 4)" = "$(field lade_assetId 1)" ]
	[ "$(field lade_attempts 2)" = 0 ]
}

@test "a duplicate of a row that failed has its failure" {
	serve
	manifest "https://cdn.example.com/1.jpg?fault=code:9" "https://cdn.example.com/1.jpg?fault=code:9"
	upload m.csv
	expect_status 1
	expect_received 1
	expect_row 2 failed rejected
	[ "$(field lade_code 2)" = 9 ]
}

@test "invalid rows name place and cause, and are never sent" {
	serve
	printf 'url,assetType\nftp://x.example.com/a.jpg,Image\nhttps://x.example.com/b.jpg,Picture\nhttps://u:p@x.example.com/c.jpg,Image\nhttp://127.1/d.jpg,Image\nhttps://x.example.com/e,\nhttps://x.example.com/f.jpg\nhttps://x.example.com/%%zz.jpg,Image\n' >m.csv
	upload m.csv
	expect_status 1
	expect_received 0
	says "m.csv:2: url: does not begin with http:// or https://"
	says "m.csv:3: assetType: is none of"
	says "m.csv:4: url: holds a user name"
	says "m.csv:5: url: no outside server reaches this host"
	says "m.csv:6: assetType: is empty"
	says "m.csv:7: has 1 field, the header has 2"
	says "m.csv:8: url: a % that is not followed"
	says "7 invalid"
}

@test "a fault in quoting ends the reading there, with line and column; what was before counts" {
	serve
	printf 'url,name\nhttps://cdn.example.com/1.jpg,a\nhttps://cdn.example.com/2.jpg,b"c\nhttps://cdn.example.com/3.jpg,d\n' >m.csv
	upload m.csv
	expect_status 3
	says "m.csv:3:32: a quotation mark inside a field"
	expect_received 1
	expect_row 1 uploaded ""
}

@test "a header without url names the nearest column, exit 3, and sends nothing" {
	serve
	printf 'image_url,name\nhttps://cdn.example.com/1.jpg,a\n' >m.csv
	upload m.csv
	expect_status 3
	says 'no column url; did you mean image_url? --map url="image_url"'
	[ ! -e m.results.csv ]
}

@test "what is sent is encoded; the results keep the manifest's spelling" {
	serve
	manifest "https://bücher.example.com/ä b.jpg?q=<x>"
	upload m.csv
	expect_status 0
	[ "$(cut -f 9 journal)" = \
		'{"assetType":"Image","url":"https://xn--bcher-kva.example.com/%C3%A4%20b.jpg?q=%3Cx%3E","name":"one"}' ]
	[ "$(field url 1)" = "https://bücher.example.com/ä b.jpg?q=<x>" ]
}

@test "retry in place: a corrected row is sent, its line stays that of the manifest" {
	serve
	manifest https:///a.jpg "https://cdn.example.com/b.jpg?fault=code:5;times:1" https://cdn.example.com/c.jpg
	upload m.csv
	expect_status 1
	sed -i 's|https:///a.jpg|https://cdn.example.com/a.jpg|' m.results.csv
	retry m.results.csv
	expect_status 0
	expect_received 4
	expect_row 1 uploaded ""
	expect_row 2 uploaded ""
	[ "$(field lade_line 1)" = 2 ]
	[ "$(field lade_attempts 2)" = 2 ]
}

@test "retry --only takes just these" {
	serve
	manifest "https://cdn.example.com/a.jpg?fault=code:5;times:1" "https://cdn.example.com/b.jpg?fault=drop;times:1"
	upload m.csv -j 1
	retry m.results.csv --only no_answer
	expect_status 1
	expect_row 1 failed rejected
	expect_row 2 uploaded ""
}

@test "retry --only leaves a row that was invalid and is not any more, unless it is to take those" {
	serve
	manifest https:///a.jpg "https://cdn.example.com/b.jpg?fault=code:1302;times:1"
	upload m.csv
	sed -i 's|https:///a.jpg|https://cdn.example.com/a.jpg|' m.results.csv
	for class in unavailable review_failed no_answer; do
		retry m.results.csv --only $class
		expect_status 1
		says "1 failed, 1 invalid"
		expect_received 1
	done
	retry m.results.csv --only rejected
	says "1 uploaded, 1 invalid"
	retry m.results.csv --only invalid_row
	expect_status 0
	expect_received 3
}

@test "SIGINT: those in flight are finished, the rest is pending, the next run carries on" {
	serve --latency 300
	manifest $(urls 40)
	# a script's background ignores SIGINT
	env --default-signal=INT "$LADE" upload --base-url "$base" -j 4 m.csv 2>err 3>&- &
	pid=$!
	sleep 1
	kill -INT $pid
	status=0
	wait $pid || status=$?
	expect_status 130
	done_rows=$(($(wc -l <m.results.csv) - 1))
	[ "$done_rows" -gt 0 ] && [ "$done_rows" -lt 40 ]
	upload m.csv -j 40
	expect_status 0
	expect_received 40
}

@test "two signals end at once; what was in flight is in doubt" {
	serve --latency 5000
	manifest $(urls 3)
	"$LADE" upload --base-url "$base" m.csv 2>err 3>&- &
	pid=$!
	sleep 0.5
	kill -TERM $pid
	sleep 0.2
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	expect_status 143
	expect_row 1 in_doubt no_answer
}

@test "a second lade on the same results stops with exit 6" {
	serve --latency 1000
	manifest $(urls 2)
	"$LADE" upload --base-url "$base" m.csv 2>other 3>&- &
	pid=$!
	sleep 0.4
	upload m.csv
	expect_status 6
	says "another lade is working on this results file"
	wait $pid
	expect_received 2
}

@test "the key: none, empty, readable by everybody, with a line end, from systemd" {
	serve --key file-key
	manifest $(urls 1)
	unset GLOBALAIOPC_API_KEY
	upload m.csv
	expect_status 2
	says "no API key: set"
	echo file-key >key
	chmod 644 key
	upload m.csv --key-file key
	expect_status 2
	says "chmod o= key"
	chmod 600 key
	upload m.csv --key-file key
	expect_status 0
	run sh -c '"$LADE" upload --key-file - --base-url "$1" -o other.csv m.csv <key 2>err' sh "$base"
	expect_status 0
	run lade upload --key-file . --base-url "$base" m.csv
	expect_status 2
	says "the key file . is no regular file"
	run lade upload --key-file nowhere --base-url "$base" m.csv
	expect_status 2
	says "cannot open the key file nowhere: No such file"
	rm m.results.csv
	cp key globalaiopc-api-key
	export CREDENTIALS_DIRECTORY=$PWD GLOBALAIOPC_API_KEY=wrong
	upload m.csv
	expect_status 0
	printf 'a\nb\n' >key
	upload m.csv --key-file key
	expect_status 2
	says "control character"
}

@test "a base URL that would give the key away, or is none, is refused before anything is sent" {
	serve
	manifest $(urls 1)
	while read -r url text; do
		run lade upload --base-url "$url" m.csv
		expect_status 2
		says "$text"
	done <<-'END'
		http://example.test plain http: the key would cross the network
		http://127.0.0.1.example.test plain http
		http://127.example.test plain http
		http://localhost.example.test plain http
		http://[::2] plain http
		ftp://127.0.0.1 must begin with https://
		https://user@example.test must not hold a user name
		https://example.test/?a=b must not have a query
		https:// must begin with https:// and a host
		https:///example.test must begin with https:// and a host
		https:example.test must begin with https:// and a host
		https://?a must begin with https:// and a host
		https://a%00b cannot be used
	END
	run lade upload --base-url "${base/127.0.0.1/127.1}/" m.csv # this machine, as libcurl reads it
	expect_status 0
	run lade upload --allow-http --base-url "http://example.invalid" --outage-timeout 100ms -o new.csv m.csv
	expect_status 6
}

@test "the key is masked wherever a server's text shows it" {
	serve
	manifest "https://cdn.example.com/a.jpg?fault=code:7;body:nokey"
	upload m.csv -vv
	expect_status 1
	! grep -q "$GLOBALAIOPC_API_KEY" err m.results.csv || false
	grep -q 'your key \[key\] is not known' m.results.csv
}

@test "a server's text is shown escaped, and is no formula" {
	serve
	manifest "https://cdn.example.com/a.jpg?fault=code:7;body:escape" "https://cdn.example.com/b.jpg?fault=code:7;body:formula"
	upload m.csv -v
	expect_status 1
	! LC_ALL=C grep -q "$(printf '\033')" err || false
	field lade_message 1 | grep -q 'bell\\x07 esc\\x1b\[31m line\\nfeed \\u{202e} rtl'
	[ "$(field lade_message 2 | cut -c 1-2)" = " =" ]
}

@test "usage: near misses are named, nothing is abbreviated" {
	run lade uplaod x
	expect_status 2
	says "did you mean upload?"
	run lade upload --concurency 3 x
	expect_status 2
	says "did you mean --concurrency?"
	run lade upload --conc 3 x
	expect_status 2
	run lade upload -j 0 x
	expect_status 2
	says "a number from 1 to 1000"
	run lade upload --rate 5/w x
	expect_status 2
	run lade upload
	expect_status 2
	says "wants a manifest"
	run lade upload --base-url http://api.example.com m.csv
	expect_status 2
	says "key would cross the network in the clear"
	run lade upload --base-url https://u:p@api.example.com m.csv
	expect_status 2
}

@test "help and version; a full standard output is an error" {
	run lade help
	expect_status 0
	run lade upload --help
	expect_status 0
	[[ "$output" == *"--concurrency N"* ]]
	run lade --version
	expect_status 0
	[[ "$output" == *libcurl*yajl*libcsv* ]]
	run lade
	expect_status 0
	run sh -c '"$LADE" help >/dev/full'
	expect_status 1
}

@test "results that cannot be written: exit 5, nothing more is sent" {
	serve
	manifest $(urls 3)
	mkdir results
	upload m.csv -o results
	expect_status 5
	expect_received 0
	ln m.csv other
	upload m.csv -o other
	expect_status 5
	says "several hard links"
}

@test "a file that is no results file is not overwritten" {
	serve
	manifest $(urls 1)
	printf 'a,b\n1,2\n' >m.results.csv
	upload m.csv
	expect_status 3
	[ "$(cat m.results.csv)" = "$(printf 'a,b\n1,2')" ]
	expect_received 0
}

@test "-q says nothing when all is well" {
	serve
	manifest $(urls 3)
	upload m.csv -q
	expect_status 0
	[ ! -s err ]
}

@test "--rate spaces requests evenly" {
	serve
	manifest $(urls 21)
	upload m.csv --rate 20/s -j 8
	expect_status 0
	# 1,000 ms between the sendings; a connection may delay the arrival of the first
	awk -F '\t' 'NR == 1 { first = $1 } { last = $1; n++ }
		END { span = last - first; print span; exit !(span >= 950 && span <= 1300) }' journal
}
