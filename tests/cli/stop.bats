#!/usr/bin/env bats
# How a run ends before its manifest does: by which signals, and with which exit status of several.

load common

# begin COMMAND...: lade in the background, as $pid, after what stands before it (env, nohup).
begin() {
	"$@" 2>err 3>&- &
	pid=$!
}

# ended: its exit status.
ended() {
	status=0
	wait $pid || status=$?
}

@test "a signal that was ignored when lade began stays ignored: nohup, a script's background" {
	serve --latency 200
	manifest $(urls 8)
	for signal in HUP INT TERM; do
		rm -f m.results.csv
		begin env --ignore-signal=$signal "$LADE" upload --base-url "$base" -j 2 m.csv
		sleep 0.5
		kill -$signal $pid
		ended
		expect_status 0
		[ "$(grep -c ,uploaded, m.results.csv)" -eq 8 ]
	done
}

@test "SIGUSR1 before there is anything to show does no harm, and is answered later" {
	serve
	mkfifo pipe
	begin "$LADE" upload --base-url "$base" --type Image -o r.csv pipe
	sleep 0.3
	kill -USR1 $pid
	sleep 0.2
	{ echo url; urls 3; } >manifest
	timeout 5 dd if=manifest of=pipe status=none
	ended
	expect_status 0
	[ "$(grep -c ,uploaded, r.csv)" -eq 3 ]
	says "^lade: 0, "
}

@test "--limit and --deadline are of the whole command, not of each results file" {
	serve --latency 300
	for name in a b; do
		manifest "https://cdn.example.com/$name.jpg?fault=code:5;times:1"
		upload m.csv -o $name.csv
		expect_status 1
	done
	retry a.csv b.csv --limit 1
	expect_status 6
	expect_received 3
	says "stopped at --limit"
	manifest $(urls 3 "?fault=code:5;times:1")
	upload m.csv -o a.csv
	manifest $(urls 3 "?fault=code:5;times:1&b")
	upload m.csv -o b.csv
	before=$(received)
	retry a.csv b.csv -j 1 --deadline 700ms
	expect_status 6
	expect_received $((before + 3))
}
