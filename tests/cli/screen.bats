#!/usr/bin/env bats
# What people see: on a terminal, on one that cannot redraw, in a pipe, without any.

load common

# on_terminal COLUMNS COMMAND...: runs it on a terminal of that width; all that it got is in the file
# screen, carriage returns as line ends.
on_terminal() {
	local columns=$1
	shift
	script -qec "stty cols $columns rows 24; $(printf '%q ' "$@")" /dev/null </dev/null | tr '\r' '\n' >screen
}

@test "on a terminal the progress line is redrawn, cut to the width, and gone before each message" {
	serve --latency 100
	manifest $(urls 60) "https:///bad.jpg" "https://cdn.example.com/x.jpg?fault=code:5"
	for columns in 80 40; do
		rm -f m.results.csv
		TERM=xterm on_terminal $columns "$LADE" upload --base-url "$base" m.csv
		# each begins by clearing the line
		[ "$(grep -c '^.\[K[0-9]*/' screen)" -ge 4 ]
		[ "$(sed -n 's/^.\[K//p' screen | grep -v "^lade: " | awk '{ print length($0) }' | sort -n | tail -1)" -lt $columns ]
		grep -q '^.\[Klade: m.csv:62: url: no host$' screen
		grep -q '^\(.\[K\)*lade: 62 rows: 60 uploaded, 1 failed, 1 invalid$' screen
	done
}

@test "on a narrow terminal what matters stays: how far, what failed, why it waits" {
	serve --limit window:20/2 --limit-retry-after 1
	manifest "https://cdn.example.com/x.jpg?fault=code:5" $(urls 30)
	TERM=xterm on_terminal 40 "$LADE" upload --base-url "$base" m.csv
	grep -q '^.\[K[0-9]*/~*[0-9]*, 1 failed, paused by the server' screen
	rm m.results.csv
	TERM=xterm on_terminal 120 "$LADE" upload --base-url "$base" m.csv
	grep -q '^.\[K[0-9]*/~*[0-9]*, [0-9]* uploaded, 1 failed, .* in flight, .*paused by the server' screen
}

@test "no redrawing on a dumb terminal, no colour anywhere, nothing to see with none" {
	serve --latency 100
	manifest $(urls 30)
	TERM=dumb on_terminal 80 "$LADE" upload --base-url "$base" --progress-interval 100ms m.csv
	! grep -q "$(printf '\033')" screen || false
	[ "$(grep -c '^lade: [0-9]*/' screen)" -ge 3 ]
	rm m.results.csv
	NO_COLOR=1 TERM=xterm on_terminal 80 "$LADE" upload --base-url "$base" m.csv
	! grep -q "$(printf '\033')\[[0-9;]*m" screen || false
	rm m.results.csv
	TERM=xterm on_terminal 80 "$LADE" upload --base-url "$base" --progress none m.csv
	! grep -q "$(printf '\033')" screen || false
	rm m.results.csv
	TERM=xterm on_terminal 80 "$LADE" upload -q --base-url "$base" m.csv
	[ ! -s screen ]
}

@test "in a pipe and without a terminal or an environment" {
	serve --latency 50
	manifest $(urls 100)
	"$LADE" upload --base-url "$base" --progress-interval 100ms m.csv 2>&1 | cat >seen
	! grep -q "$(printf '\033\\|\r')" seen || false
	[ "$(grep -c '^lade: [0-9]*/' seen)" -ge 3 ]
	rm m.results.csv
	run env -i "GLOBALAIOPC_API_KEY=$GLOBALAIOPC_API_KEY" setsid -w "$LADE" upload --base-url "$base" m.csv </dev/null
	expect_status 0
	[ "${lines[0]}" = "lade: 100 rows: 100 uploaded" ]
	rm m.results.csv
	run env -i "GLOBALAIOPC_API_KEY=$GLOBALAIOPC_API_KEY" "$LADE" upload --base-url "$base" m.csv 2>&-
	expect_status 0
	[ "$(grep -c ,uploaded, m.results.csv)" -eq 100 ]
}

@test "what is left is told when it is known: not from the first request alone, which goes alone" {
	serve --latency 200
	manifest $(urls 200)
	"$LADE" upload --base-url "$base" --progress-interval 100ms --limit 60 m.csv 2>seen || true
	! sed -n '1,8p' seen | grep -q ' left' || false
	grep -q ', [0-9.]* s left' seen
}

@test "the rate is that of rows that were sent, not of those that an earlier run recorded" {
	serve --latency 400
	manifest $(urls 50 "?fault=code:5")
	upload m.csv --rate none -j 50 --max-failures 0
	expect_status 1
	manifest $(urls 50 "?fault=code:5") $(urls 50 "?fault=code:5") $(urls 2)
	upload m.csv -j 1 --progress-interval 200ms
	expect_status 1
	says '^lade: 102 rows: 2 uploaded, 100 failed$'
	! grep '[0-9][0-9]/s' err || false
	says '^lade: in [0-9.]* s, [12]\.[0-9]/s$'
}

@test "a standstill is no part of the rate behind it: what is left is not hours" {
	serve --latency 20 --outage 2:6:503
	manifest $(urls 200)
	"$LADE" upload --base-url "$base" --rate 40 --progress-interval 100ms m.csv 2>seen
	sed -n '/ is back$/,$p' seen >behind
	grep -q ', [0-9.]* s left' behind
	! grep -q ' min .* left' behind || false
}

@test "a code that a server wrote is escaped, on the terminal and in the results" {
	serve
	manifest "https://cdn.example.com/1.jpg?fault=code:%5cu001b%5b31mRED"
	upload -vv m.csv
	expect_status 1
	! grep -q "$(printf '\033')" err m.results.csv || false
	says 'rejected, code .x1b.31mRED: refused (line 2)'
	[ "$(field lade_code 1)" = '\x1b[31mRED' ]
}

@test "a code that somebody wrote into a results file is escaped, and its rows are one kind" {
	serve
	long=$(printf 'c%.0s' $(seq 200))
	for code in "$(printf '\033[31mRED')" "$long"; do
		{
			echo url,assetType,name,lade_status,lade_assetId,lade_reviewStatus,lade_httpStatus,lade_code,lade_message,lade_errorClass,lade_attempts,lade_sentAt,lade_finishedAt,lade_durationMs,lade_line
			printf 'https://cdn.example.com/x.jpg,Image,one,failed,,,,%s,no\033[7m,rejected,1,,,,2\n' "$code"
		} >m.results.csv
		manifest https://cdn.example.com/x.jpg{,,}
		upload -v m.csv
		expect_status 1
		cat err >>seen
	done
	! grep -q "$(printf '\033')" seen || false
	grep -q '2 x rejected, code .x1b.31mRED: no.x1b.7m (lines 3, 4)$' seen
	grep -q '2 x rejected, code c\{64\}: no.x1b.7m (lines 3, 4)$' seen
}

@test "a file's name is escaped, and so is its place: FILE, FILE:LINE or FILE:LINE:COLUMN" {
	serve
	name=$(printf 'a\033[31mb.csv')
	manifest https:///bad.jpg "https://cdn.example.com/x.jpg?fault=code:5" "https://cdn.example.com/y.jpg?fault=status:503;code:503;times:1"
	mv m.csv "$name"
	upload -vv "$name"
	expect_status 1
	says '^lade: a.x1b.31mb.csv:2: url: no host$'
	says '^lade: a.x1b.31mb.csv:3: sent, attempt 1$'
	says '^lade: a.x1b.31mb.csv:4: attempt 1: '
	says '^lade: a.x1b.31mb.csv:4: HTTP 503'
	says '^lade: a.x1b.31mb.csv:3: failed, rejected, code 5: '
	cat err >>seen
	retry "$name"
	says '^lade: a.x1b.31mb.csv is no results file: '
	cat err >>seen
	upload "${name%.csv}.results.csv" -o x.csv
	says '^lade: a.x1b.31mb.results.csv is a results file: it takes no --map'
	cat err >>seen
	upload "${name%.csv}.results.csv" "$name" -o x.csv
	says ' goes alone$'
	cat err >>seen
	printf 'url,name\nhttps://cdn.example.com/z.png,"no end\n' >"$name"
	upload "$name" -o y.csv
	expect_status 3
	says '^lade: a.x1b.31mb.csv:2:[0-9]*: .*; nothing behind it was read$'
	cat err >>seen
	printf 'name\nx\n' >"$name"
	upload "$name" -o y.csv
	says '^lade: a.x1b.31mb.csv:1: no column url'
	cat err >>seen
	rm "$name"
	upload "$name" -o y.csv
	says '^lade: a.x1b.31mb.csv: cannot open it: No such file'
	cat err >>seen
	run lade review --base-url "$base" "$name"
	cat err >>seen
	! grep -q "$(printf '\033')" seen || false
}

@test "standard input is called so" {
	serve
	run lade upload --base-url "$base" -o r.csv - <<<name
	says '^lade: standard input:1: no column url'
	run lade upload --base-url "$base" -o r.csv - <<<"$(printf 'url,assetType\nhttps:///x.jpg,Image\n')"
	says '^lade: standard input:2: url: no host$'
}

@test "the review's progress line" {
	serve --review 1500
	manifest $(urls 3)
	upload m.csv
	TERM=xterm on_terminal 60 "$LADE" review --base-url "$base" --interval 500ms m.results.csv
	grep -q '^.\[Kreview: 0/3, 3 Processing, ' screen
	grep -q '^\(.\[K\)*lade: review of 3 assets: 3 Active$' screen
	[ "$(sed -n 's/^.\[K//p' screen | grep -v ^lade | awk '{ print length($0) }' | sort -n | tail -1)" -lt 60 ]
}
