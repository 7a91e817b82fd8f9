#!/usr/bin/env bats
# What check says of manifests, and upload --strict.

load common

# check [options] FILE...: runs lade check; $output is what it printed, the file err what it said.
check() {
	run sh -c 'timeout 20 "$LADE" check "$@" 2>err' sh "$@"
}

shows() {
	grep -qxF -- "$1" <<<"$output" || { echo "$output" >&2; cat err >&2; return 1; }
}

@test "a good manifest: the summary, exit 0, no key, no network, nothing on standard error" {
	unset GLOBALAIOPC_API_KEY
	printf 'url,assetType\nhttps://cdn.example.com/a,Image\nhttps://cdn.example.com/b.mp4,\nhttps://cdn.example.com/a,image\n' >m.csv
	check m.csv
	expect_status 0
	[ "$output" = "                   good     duplicate       invalid
Image                 1             1             0
Video                 1             0             0
all                   2             1             0" ]
	[ ! -s err ]
	check -q m.csv
	expect_status 0
	[ -z "$output" ]
}

@test "every problem with file, line and cause; then exit 1" {
	printf 'url,assetType\nhttps:///a,Image\nhttps://cdn.example.com/b,Picture\nhttps://cdn.example.com/c\n"https://cdn.example.com/\\d",Image\nhttps://cdn.example.com/e,Audio\n' >m.csv
	check m.csv
	expect_status 1
	shows "m.csv:2: url: no host"
	shows "m.csv:3: assetType: is none of Image, Video, Audio, Document"
	shows "m.csv:4: has 1 field, the header has 2"
	shows "m.csv:5: url: holds a backslash"
	shows "all                   1             0             4"
}

@test "a fault that ends the reading is a problem too: exit 3, and the next file is read" {
	printf 'url\nhttps://cdn.example.com/1.jpg\nhttps://cdn.example.com/"2.jpg\n' >a.csv
	echo '[{"url":"https://cdn.example.com/3.jpg"}]' >b.json
	check a.csv none.csv b.json
	expect_status 3
	shows 'a.csv:3:25: a quotation mark inside a field that does not begin with one'
	shows 'none.csv: cannot open it: No such file or directory'
	shows "all                   2             0             0"
	shows "not read to the end: the counts are of what was read"
}

@test "--max-problems limits what is shown, not what is counted" {
	{ echo url; for i in $(seq 7); do echo "x$i"; done; } >m.csv
	check --max-problems 2 m.csv
	expect_status 1
	[ "$(grep -c 'is not absolute' <<<"$output")" -eq 2 ]
	shows "5 more problems not shown (--max-problems)"
	{ echo url; for i in $(seq 101); do echo "x$i"; done; } >m.csv
	check m.csv
	[ "$(grep -c 'is not absolute' <<<"$output")" -eq 100 ]
	shows "1 more problem not shown (--max-problems)"
	check --max-problems x m.csv
	expect_status 2
}

@test "warnings are said, and are no problem" {
	long=$(printf 'x%.0s' $(seq 65))
	printf 'url,assetType,name\nhttps://cdn.example.com/a.mp4,Image,n\nhttps://cdn.example.com/b.jpg,Image,%s\nhttps://cdn.example.com/c.jpg,Image,\n"https://cdn.example.com/d.jpg,https://cdn.example.com/e.jpg",Image,n\n' "$long" >m.csv
	check m.csv
	expect_status 0
	shows "m.csv:2: warning: assetType: the url's extension tells another type"
	shows "m.csv:3: warning: name: is longer than 64 characters"
	shows "m.csv:4: warning: name: is empty"
	shows "m.csv:5: warning: url: seems to hold several URLs (--split-urls SEPARATOR)"
	shows "4 warnings"
	check -q m.csv
	expect_status 0
	[ -z "$output" ]
	echo x,Image,n >>m.csv
	check -q m.csv
	expect_status 1
	shows "m.csv:6: url: is not absolute (http://... or https://...)"
	! grep -q warning <<<"$output"
	sed -i '$d' m.csv
	# a JSON object that has no name is no warning, one that is empty is
	echo '[{"url":"https://cdn.example.com/a.jpg"},{"url":"https://cdn.example.com/b.jpg","name":""}]' >m.json
	check m.json
	expect_status 0
	shows "m.json:1: warning: name: is empty"
	shows "1 warning"
}

@test "--json: an object a line, the last one the summary" {
	printf 'url,n\nhttps://cdn.example.com/1.jpg,\nx,\nhttps://cdn.example.com/2.jpg,"a\n\351"\n,\n' >'m"\.csv'
	check --json --skip-empty 'm"\.csv'
	expect_status 1
	jq -es 'map(.kind) == ["problem", "problem", "summary"] and .[0].file == "m\"\\.csv" and
		.[0].line == 3 and (.[0] | has("column") | not) and .[1].line == 5 and .[1].column == 1 and
		.[2].rows == 3 and .[2].good == 1 and .[2].invalid == 2 and .[2].passedOver == 1 and
		.[2].complete and .[2].types.Image.good == 1 and .[2].types.Image.invalid == 1 and .[2].types[""].invalid == 1' <<<"$output"
}

@test "nothing that a manifest wrote reaches the terminal raw" {
	printf '[{"url":"https://cdn.example.com/1.jpg"},\n{"u\\u001brl":"x"}]' >m.json
	check m.json
	expect_status 1
	shows 'm.json:2: no member url; did you mean u\x1brl? --map url="u\x1brl"'
	printf 'url\033[31m\n1\n' >m.csv
	check m.csv
	expect_status 3
	shows 'm.csv:1: no column url; did you mean url\x1b[31m? --map url="url\x1b[31m"'
}

@test "JSON: a name that comes twice is found among any number of members" {
	for n in 3 300; do
		members=$(for i in $(seq $n); do printf ',"k%d":%d' "$i" "$i"; done)
		printf '{"url":"https://cdn.example.com/1.jpg"%s}\n' "$members" "$members,\"k2\":0" "$members" >m.ndjson
		run sh -c '"$LADE" check m.ndjson'
		expect_status 1
		[ "$(grep -c "has two members of one name" <<<"$output")" -eq 1 ]
		grep -q "^m.ndjson:2:" <<<"$output"
	done
}

@test "JSON: an escaped quote whose backslash came last reads as one that came whole" {
	printf '[{"url":"https://cdn.example.com/1.jpg","name":"a 5' >front
	printf '" plate, {engraved} on both of its sides"}]' >behind
	run sh -c '{ cat front; printf "\\\\"; sleep 0.3; cat behind; } | "$LADE" check -'
	expect_status 0
}

@test "standard input, as it comes; and a full standard output is an error" {
	run sh -c '{ echo url; sleep 0.3; echo https://cdn.example.com/1.jpg; } | "$LADE" check -'
	expect_status 0
	[[ "$output" == *"all                   1 "* ]]
	run sh -c 'printf "url\nx\n" | "$LADE" check -'
	[[ "$output" == *"standard input:2: url: is not absolute"* ]]
	printf 'url\nhttps://cdn.example.com/1.jpg\n' >m.csv
	run sh -c '"$LADE" check m.csv >/dev/full 2>err'
	expect_status 5
	says "cannot write to standard output"
}

@test "a standard input or output that does not block is waited for" {
	# dd leaves the flag on the pipe
	run sh -c '{ sleep 0.2; echo url; sleep 0.2; echo https://cdn.example.com/1.jpg; } |
		{ dd iflag=nonblock count=0 2>/dev/null; "$LADE" check -; }'
	expect_status 0
	[[ "$output" == *"all                   1 "* ]]
	{ echo url; seq 3000; } >m.csv
	run sh -c '{ dd if=/dev/null oflag=nonblock count=0 2>/dev/null; "$LADE" check --max-problems 9999 m.csv; echo "exit $?" >ended; } |
		{ sleep 0.3; cat; }'
	[ "$(cat ended)" = "exit 1" ]
	[ "$(grep -c "is not absolute" <<<"$output")" -eq 3000 ]
}

@test "--strict: one invalid row, and nothing is sent" {
	serve
	printf 'url\nhttps://cdn.example.com/1.jpg\nx\n' >m.csv
	upload m.csv --strict
	expect_status 1
	says "m.csv:3: url: is not absolute"
	says "1 of 2 rows are invalid; nothing was sent (--strict)"
	expect_received 0
	[ ! -e m.results.csv ]
	printf 'url\nhttps://cdn.example.com/1.jpg\nhttps://cdn.example.com/"2.jpg\n' >m.csv
	upload m.csv --strict
	expect_status 3
	expect_received 0
	printf 'url\nhttps://cdn.example.com/1.jpg\n' >m.csv
	upload m.csv --strict
	expect_status 0
	expect_received 1
	run sh -c '"$LADE" upload --strict -o out.csv --base-url "$1" - <m.csv 2>err' sh "$base"
	expect_status 2
	says "wants a file, not a pipe"
}

@test "options that cannot be meant so are refused, and --map may be given for each column" {
	printf 'Image Src,Title\nhttps://cdn.example.com/1.jpg,x\n' >m.csv
	check --map url="Image Src" --map name=Title m.csv
	expect_status 0
	check --map url="Image Src" --map url=Title m.csv
	expect_status 2
	says "each of url, name and assetType once"
	printf 'url\n' >e.csv
	run lade upload --version-column "" e.csv
	expect_status 2
	says "--version-column"
	check --json-path "" e.csv
	expect_status 2
	says "--json-path"
	printf 'url\nhttps://cdn.example.com/1.jpg\\thttps://cdn.example.com/2.jpg\n' | sed 's/\\t/\t/' >t.csv
	check --split-urls '\t' --delimiter , t.csv
	expect_status 0
	grep -q "^Image  *2  *0  *0$" <<<"$output"
}

@test "JSON Lines results of one record are read again, whatever that record holds" {
	serve
	printf '[{"image":[{"src":"https://cdn.example.com/%d.jpg"}]},{"image":[{"src":"https://cdn.example.com/%d.jpg"}]}]' 1 2 >a.json
	upload --limit 1 --map url=image.0.src a.json
	expect_status 6
	upload --map url=image.0.src a.json
	expect_status 0
	says "1 skipped"
	expect_received 2
	echo garbage >g.ndjson
	upload g.ndjson
	expect_status 1
	upload g.ndjson
	expect_status 1
	expect_received 2
}

@test "a results file whose first record is damaged is none the less one: nothing of it is sent again" {
	serve
	printf '{"url":"https://cdn.example.com/%d.jpg"}\n' 1 2 3 >f.ndjson
	upload f.ndjson
	expect_status 0
	cp f.results.ndjson whole
	sed -i '1s/,/;/' f.results.ndjson
	upload f.results.ndjson
	expect_status 3
	says "f.results.ndjson:1"
	# nothing is left in the line that tells what it was
	sed '1s/.*/{"url":"https:/' whole >f.results.ndjson
	upload f.results.ndjson
	expect_status 3
	says "f.results.ndjson:2:1: a member's name begins with lade_, as in a results file"
	# an own member of that name would be lost
	echo '[{"url":"https://cdn.example.com/4.jpg","lade_assetId":"old"}]' >m.json
	upload m.json
	expect_status 3
	says "m.json:1:2: a member's name begins with lade_"
	expect_received 3
}

@test "a quiet night's export of 0 bytes is 0 rows, where the name says what it is" {
	serve
	: >e.ndjson
	: >e.txt
	check e.ndjson e.txt
	expect_status 0
	shows "all                   0             0             0"
	upload e.ndjson
	expect_status 0
	upload e.ndjson
	expect_status 0
	upload e.txt
	expect_status 0
	run sh -c '"$LADE" check --format ndjson - </dev/null'
	expect_status 0
	run sh -c '"$LADE" check - </dev/null'
	expect_status 3
	: >e.csv
	check e.csv
	expect_status 3
	expect_received 0
}

@test "JSON: a member that an option names and no element has is an error where it is a slip, else said" {
	serve
	printf '[{"url":"https://cdn.example.com/%d.jpg","title":"x","kind":"Video","updated_at":1}]' 1 >m.json
	upload --map name=titel m.json
	expect_status 3
	says "m.json:1:2: no member titel (--map name=...); did you mean title?"
	upload --map assetType=knd m.json
	expect_status 3
	says "did you mean kind?"
	upload --version-column updatedat m.json
	expect_status 3
	says "no member updatedat (--version-column); did you mean updated_at?"
	expect_received 0
	# what only looks alike may be optional
	check --map name=tile2,assetType=type m.json
	expect_status 0
	shows "m.json: warning: no element has a member tile2 (--map name=...), type (--map assetType=...)"
	upload --version-column created_at m.json
	expect_status 0
	says "m.json: no element has a member created_at (--version-column)"
	# met once is met, in any way
	printf '{"url":"https://cdn.example.com/%d.jpg"%s}\n' 2 '' 3 ',"m":{"t":"x"}' 4 ',"m.t":"y"' >m.ndjson
	check --map name=m.t m.ndjson
	expect_status 0
	! grep -q "no element" <<<"$output"
	echo '["https://cdn.example.com/5.jpg"]' >s.json
	check --map name=t s.json
	expect_status 0
	! grep -q "no element" <<<"$output"
}

@test "a results file takes no options that give its columns another meaning, of check as of upload" {
	printf 'url,lade_status,lade_assetId\nhttps://cdn.example.com/1.jpg,uploaded,a1\n' >r.csv
	check r.csv
	expect_status 0
	for option in "--map name=url" "--type Image" "--split-urls ,"; do
		check $option r.csv
		expect_status 2
		says "r.csv is a results file: it takes no --map, --type or --split-urls"
		[ -z "$output" ]
		run lade upload --strict $option r.csv
		expect_status 2
	done
}

@test "what never ends is refused at its limit, and held no further than that" {
	[ -n "$HOOK" ] || skip "not with a sanitizer"
	for begin in '["' '{"url":"' 'url' 'url\n"'; do
		{ printf "$begin"; head -c 60M /dev/zero | tr '\0' a; } >m.any
		run sh -c 'ulimit -v 60000; timeout 20 "$LADE" check m.any 2>err'
		expect_status 3
		grep -q "longer than 4 MiB\|more than 4 MiB" <<<"$output"
	done
}
