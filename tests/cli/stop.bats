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

@test "of several reasons to stop the gravest gives the exit status" {
	serve --latency 600
	# a signal, then a map that cannot be written
	manifest $(urls 8)
	begin "$LADE" upload --base-url "$base" -j 2 --asset-map nowhere/map.json m.csv
	sleep 1
	kill -TERM $pid
	ended
	expect_status 143
	says "nowhere/map.json"
	# too many failures while a refusal of the key is on its way
	stop_serving
	serve
	manifest "https://cdn.example.com/1.jpg" "https://cdn.example.com/2.jpg?fault=code:5" "https://cdn.example.com/3.jpg?fault=delay:500;status:401;code:401"
	rm -f m.results.csv
	upload m.csv -j 2 --rate none --max-failures 1
	expect_status 4
	says "the server refused the API key"
	# a refusal of the key, then a signal
	manifest "https://cdn.example.com/1.jpg" "https://cdn.example.com/3.jpg?fault=status:401;code:401" "https://cdn.example.com/2.jpg?fault=delay:1500"
	rm -f m.results.csv
	begin "$LADE" upload --base-url "$base" -j 2 --rate none m.csv
	sleep 0.7
	kill -TERM $pid
	ended
	expect_status 143
	says "the server refused the API key"
}
