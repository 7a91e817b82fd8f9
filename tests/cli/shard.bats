#!/usr/bin/env bats
# --shard: each row belongs to one shard, each shard has its own results.

load common

@test "--shard: all shards together are the manifest, none has a row of another" {
	serve
	manifest $(for i in $(seq 40) 1 2 3; do echo "https://cdn.example.com/$i.jpg"; done) https:///bad.jpg
	total=0
	for shard in 0 1 2 3; do
		upload m.csv --shard $shard/4 --summary-json s.json
		others=$(jq .rows.otherShards s.json)
		read=$(jq .rows.read s.json)
		[ $((others + read)) -eq 44 ]
		says "; $others for other shards"
		[ "$read" -gt 0 ]
		total=$((total + read))
		[ "$(tail -n +2 m.results.$shard-of-4.csv | wc -l)" -eq "$read" ]
	done
	[ "$total" -eq 44 ]
	expect_received 40
	# rows of one identity are of one shard
	[ "$(cat m.results.*-of-4.csv | grep -c ,duplicate,)" -eq 3 ]
	[ "$(cat m.results.*-of-4.csv | grep -c ,invalid,)" -eq 1 ]
	[ ! -e m.results.csv ]
	# again: nothing is sent
	for shard in 0 1 2 3; do upload m.csv --shard $shard/4; done
	expect_received 40
	upload m.csv --shard 0/1
	says "44 rows"
}

@test "--shard: which one is as documented, whatever else is asked" {
	command -v xxhsum >/dev/null || skip "xxhsum is not installed"
	serve
	manifest $(for i in $(seq 12); do echo "https://cdn.example.com/$i.jpg"; done)
	upload m.csv --shard 1/3
	for i in $(seq 12); do
		low=$(printf 'Image\0https://cdn.example.com/%s.jpg' "$i" | xxhsum -H2 | cut -c 17-32)
		# of a 64-bit number, by its two halves
		of=$(((0x${low:0:8} % 3 * (4294967296 % 3) + 0x${low:8:8} % 3) % 3))
		found=$(grep -c "/$i.jpg," m.results.1-of-3.csv || true)
		[ "$found" -eq $((of == 1)) ]
	done
}

@test "--shard: names of results by format, and what it does not go with" {
	serve
	echo '{"url":"https://cdn.example.com/1.jpg"}' >m.ndjson
	upload m.ndjson --shard 0/1
	expect_status 0
	[ -s m.results.0-of-1.ndjson ]
	for wrong in 4/4 1 -1/4 0/0 a/b 1/2/3 '' 0/; do
		upload m.ndjson --shard "$wrong"
		expect_status 2
	done
	upload m.results.0-of-1.ndjson --shard 0/1
	expect_status 2
	says "takes no .*--shard"
	retry m.results.0-of-1.ndjson --shard 0/1
	expect_status 2
}
