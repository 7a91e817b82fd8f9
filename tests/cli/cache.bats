#!/usr/bin/env bats
# RESULTS.index: a run with it is a run without it, whatever was done to it or to the results.

load common

# same_as_reading OPTIONS: the index beside the results is, byte for byte, what reading them gives. The
# command has nothing to do.
same_as_reading() {
	mv m.results.csv.index kept
	upload m.csv "$@"
	cmp kept m.results.csv.index
	upload m.csv "$@"
	cmp kept m.results.csv.index
}

# all kinds of records: uploaded, duplicate, failed, in doubt, invalid, and new ones on the second day
day() {
	local cdn=https://cdn.example.com
	{
		echo url,updated_at
		printf '%s\n' "$cdn/1.jpg,$1" "$cdn/2.jpg,a" "$cdn/1.jpg,$1" "$cdn/bad.jpg?fault=code:5,a" \
			"$cdn/lost.jpg?fault=drop,a" "https:///no-host.jpg,a" "$cdn/bad.jpg?fault=code:5,a"
		[ "$1" = a ] || printf '%s\n' "$cdn/3.jpg,b" "$cdn/2.jpg,b" "$cdn/3.jpg,b" "https:///new.jpg,b"
	} >m.csv
}

@test "what a run leaves as index is what reading the results gives" {
	serve
	day a
	upload m.csv
	expect_status 1
	[ "$(stat -c %a m.results.csv.index)" = 600 ]
	same_as_reading
	day b
	upload m.csv
	expect_status 1
	same_as_reading
	retry m.results.csv
	same_as_reading
	retry m.results.csv --in-doubt resend
	same_as_reading
	upload m.csv --limit 1
	same_as_reading
}

@test "so it is with the values of a version column" {
	serve
	day a
	upload m.csv --version-column updated_at
	expect_status 1
	same_as_reading --version-column updated_at
	day b
	upload m.csv --version-column updated_at
	says "2 uploaded"
	same_as_reading --version-column updated_at
	upload m.csv
	upload m.csv --version-column updated_at
	same_as_reading --version-column updated_at
}

@test "results that were edited are read again, the same size and time or not" {
	serve
	manifest https://cdn.example.com/{1,2,3}.jpg
	upload m.csv
	expect_status 0
	touch -r m.results.csv stamp
	sed 's/uploaded\(.*\)$/in_doubt\1/' m.results.csv >edited
	cat edited >m.results.csv
	touch -r stamp m.results.csv
	upload m.csv
	expect_status 1
	says "3 in doubt"
	expect_received 3
}

@test "an index that is damaged, of another file, a folder or gone is none" {
	serve
	manifest https://cdn.example.com/{1,2,3}.jpg
	upload m.csv
	cp m.results.csv before
	printf 'X' | dd of=m.results.csv.index bs=1 seek=150 conv=notrunc 2>/dev/null
	upload m.csv
	expect_status 0
	truncate -s 100 m.results.csv.index
	upload m.csv
	expect_status 0
	rm m.results.csv.index
	upload m.csv
	expect_status 0
	rm m.results.csv.index
	mkdir m.results.csv.index
	upload m.csv
	expect_status 0
	says "3 skipped"
	rmdir m.results.csv.index
	echo dead >m.results.csv.index.lade-new # of a run that died while it wrote
	upload m.csv
	expect_status 0
	[ ! -e m.results.csv.index.lade-new ]
	[ -s m.results.csv.index ]
	expect_received 3
	cmp before m.results.csv
}

@test "a stream has no index" {
	serve
	manifest https://cdn.example.com/1.jpg
	lade upload --base-url "$base" m.csv -o - >out
	[ -z "$(ls ./*.index 2>/dev/null)" ]
}
