#!/usr/bin/env bats
# How fast: what the server received when, and what the user is told. Long runs: tests/bench/rate.

load common

# These measure real time; another program on the machine may have taken it.
BATS_TEST_RETRIES=2

# rows N: a CSV of N images as m.csv
rows() {
	awk -v n="$1" 'BEGIN { print "url,assetType"
		for (i = 0; i < n; i++) printf "https://cdn.example.com/%d.jpg,Image\n", i }' >m.csv
}

# most: the most arrivals in any second
most() {
	awk -F '\t' '$4 == "POST" { t[++n] = $1; while (t[n] - t[low + 1] >= 1000) low++
		if (n - low > most) most = n - low } END { print most + 0 }' journal
}

# refused: answers that were 429 or 503
refused() { awk -F '\t' '$7 == 429 || $7 == 503' journal | wc -l; }

# quiet_ms STATUS: the longest time without a request after an answer with that status
quiet_ms() {
	awk -F '\t' -v status="$1" 'last && $1 - last > most { most = $1 - last }
		{ last = $7 == status ? $1 : 0 } END { print most + 0 }' journal
}

@test "rate: --rate is kept in every second" {
	serve
	rows 120
	upload m.csv -j 32 --rate 40
	expect_status 0
	[ "$(most)" -le 41 ]
	[ "$(most)" -ge 36 ]
	[ "$(awk -F '\t' 'NR == 1 { a = $1 } END { print $1 - a }' journal)" -ge 2900 ]
}

@test "rate: auto starts low and finds out that there is no limit" {
	serve
	rows 3000
	upload m.csv -j 32
	expect_status 0
	expect_received 3000
	[ "$(awk -F '\t' '$1 { if (!a) a = $1; n += $1 - a < 300 } END { print n }' journal)" -le 40 ]
}

@test "rate: none paces nothing" {
	serve
	rows 3000
	upload m.csv -j 32 --rate none
	expect_status 0
	[ "$(most)" -ge 2000 ]
}

@test "rate: a limit is used and hardly ever refuses" {
	serve --limit bucket:100/s:10
	rows 800
	upload m.csv -j 32
	expect_status 0
	[ "$(refused)" -le 25 ]
	[ "$(awk -F '\t' 'NR == 1 { a = $1 } END { print $1 - a }' journal)" -le 20000 ]
}

@test "rate: RateLimit fields are obeyed without one refusal" {
	serve --limit bucket:100/s:10 --limit-headers draft
	rows 400
	upload m.csv -j 32
	expect_status 0
	[ "$(refused)" -eq 0 ]
}

@test "rate: X-RateLimit fields are obeyed without one refusal" {
	serve --limit window:100/2 --limit-headers x
	rows 350
	upload m.csv -j 32
	expect_status 0
	[ "$(refused)" -eq 0 ]
}

@test "rate: so many at once, and the summary says how many" {
	serve --concurrency 20 --latency 80
	rows 1500
	upload m.csv -j 64
	expect_status 0
	[ "$(grep -c ,uploaded, m.results.csv)" -eq 1500 ]
	[ "$(refused)" -le 60 ]
	says "takes .* at once: -j .* would hardly be refused"
}

@test "rate: Retry-After as a date pauses until then" {
	serve
	{
		echo url,assetType
		echo 'https://cdn.example.com/a.jpg?fault=status:429;retry-after:date+3;times:1,Image'
		for i in $(seq 20); do echo "https://cdn.example.com/$i.jpg,Image"; done
	} >m.csv
	upload m.csv -j 4
	expect_status 0
	# a date has whole seconds
	[ "$(quiet_ms 429)" -ge 1950 ]
	[ "$(quiet_ms 429)" -le 3100 ]
}

@test "rate: Retry-After of 503, and code 429 in a 200, pause as well" {
	serve
	manifest 'https://cdn.example.com/a.jpg?fault=status:503;code:503;retry-after:1;times:1' \
		'https://cdn.example.com/b.jpg?fault=code:429;retry-after:1;times:1'
	upload m.csv -j 1
	expect_status 0
	[ "$(quiet_ms 503)" -ge 990 ]
	[ "$(awk -F '\t' 'NR == 1 { a = $1 } END { print $1 - a }' journal)" -ge 1990 ]
}

@test "rate: a Retry-After that is negative, malformed or in the past is none" {
	serve
	manifest 'https://cdn.example.com/a.jpg?fault=status:429;retry-after:-5;times:1' \
		'https://cdn.example.com/b.jpg?fault=status:429;retry-after:soon;times:1' \
		'https://cdn.example.com/c.jpg?fault=status:429;retry-after:1.5;times:1' \
		'https://cdn.example.com/d.jpg?fault=status:429;retry-after:date-50;times:1'
	upload m.csv -j 1
	expect_status 0
	expect_received 8
}

@test "rate: a pause longer than --max-pause ends the run and says when to come back" {
	serve
	manifest 'https://cdn.example.com/a.jpg?fault=status:429;retry-after:99999999999999999999'
	upload m.csv
	expect_status 6
	says "longer than --max-pause: come back at 20..-..-.. ..:..$"
}

@test "rate: a window that is spent is a pause like any other, and --max-pause is its end" {
	spent='https://cdn.example.com/a.jpg?fault=header:RateLimit=x%3Br=0%3Bt'
	serve
	manifest "$spent=3" https://cdn.example.com/b.jpg
	upload m.csv --progress plain --progress-interval 500ms --log-json log
	expect_status 0
	says "paused by the server, [0-9.]* s"
	[ "$(grep -c '"event":"pause"' log)" -eq 1 ]
	[ "$(quiet_ms 200)" -ge 2990 ]
	manifest "$spent=86400" https://cdn.example.com/b.jpg
	rm m.results.csv
	upload m.csv
	expect_status 6
	says "the server asks for a pause of 24 h.*, longer than --max-pause: come back at 20"
	says "1 uploaded, 1 pending"
	# but nobody has to come back for nothing
	manifest "$spent=86400"
	rm m.results.csv
	upload m.csv
	expect_status 0
}

@test "rate: three refusals in a row, and rows go alone at growing distance" {
	serve --limit bucket:0.01/s:3
	rows 100
	upload m.csv -j 32 --max-pause 3s
	expect_status 6
	says "refused everything for longer than --max-pause"
	[ "$(refused)" -le 45 ]
	[ "$(grep -c ,uploaded, m.results.csv)" -eq 3 ]
}

@test "rate: --max-failures ends a run in which too many rows fail" {
	serve
	manifest $(for i in $(seq 20); do echo "https://cdn.example.com/$i.jpg?fault=code:7"; done)
	upload m.csv -j 1 --max-failures 5
	expect_status 6
	expect_received 5
	says "stopped by --max-failures: 5 of 5 rows failed"
	says "the same command carries on"
	# what failed is left to retry, in which nothing stops
	retry m.results.csv
	expect_status 1
	expect_received 10
}

@test "rate: half of a hundred rows is too many by default, and 0 is no limit" {
	serve
	manifest $(for i in $(seq 150); do echo "https://cdn.example.com/$i.jpg?fault=code:7"; done)
	upload m.csv --rate none
	expect_status 6
	[ "$(received)" -ge 100 ]
	[ "$(received)" -le 108 ]
	upload m.csv --rate none --max-failures 0 -o n.csv
	expect_status 1
	upload m.csv --max-failures 101%
	expect_status 2
}

@test "rate: rows in doubt count as failed: a server that breaks every other answer is stopped early" {
	serve
	manifest $(for i in $(seq 100); do
		echo "https://cdn.example.com/$i.jpg"
		echo "https://cdn.example.com/$i.jpg?fault=body:html"
	done)
	upload m.csv --rate none -j 1 --max-failures 20
	expect_status 6
	says "stopped by --max-failures: 20 of 40 rows failed"
	says "20 uploaded, 20 in doubt"
}

@test "rate: -v says what a row is sent again for, also where the server gave no words" {
	serve
	manifest "https://cdn.example.com/a.jpg?fault=status:429;retry-after:1;times:1"
	upload m.csv -v
	expect_status 0
	says "m.csv:2: attempt 1: HTTP 429; will be sent again"
}
