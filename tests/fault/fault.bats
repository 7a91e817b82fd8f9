#!/usr/bin/env bats
# What a run does when something is taken from it: space, permission, its output, its time, its life.

load ../cli/common

urls() { for i in $(seq "$1"); do echo "https://cdn.example.com/$i.jpg${2:-}"; done; }

# in_space SIZE COMMAND: in a namespace of its own, with a file system of that size at $PWD/disk.
in_space() {
	mkdir -p disk
	unshare -rm sh -c "mount -t tmpfs -o size=$1 tmpfs disk && $2"
}

needs_namespaces() {
	unshare -rm true 2>/dev/null || skip "no namespaces here"
}

# dead_run [options]: a run that is killed with its rows in flight.
dead_run() {
	"$LADE" upload --base-url "$base" "$@" m.csv 2>err 3>&- &
	pid=$!
	sleep 0.5
	kill -9 $pid
	wait $pid 2>/dev/null || true
}

@test "a disk that is full in the middle: exit 5, then the same command finishes" {
	needs_namespaces
	serve --latency 3
	manifest $(urls 1500)
	in_space 300k "
		cp m.csv disk
		'$LADE' upload --base-url '$base' --rate none -j 16 disk/m.csv 2>err
		echo \$? >first
		grep -c '' disk/m.results.csv >lines
		cp disk/m.results.csv partial.csv
		mount -o remount,size=4m disk
		'$LADE' upload --base-url '$base' --rate none -j 16 disk/m.csv 2>again
		echo \$? >second
		cp disk/m.results.csv disk/m.results.csv.* . 2>/dev/null || true"
	[ "$(cat first)" = 5 ]
	says "No space left on device; no new requests"
	[ "$(cat lines)" -gt 100 ]
	# every line that is there is whole
	awk -F , 'NR == 1 { n = NF } NF != n { exit 1 }' partial.csv
	# nothing lost, nothing twice; in doubt is at most what was in flight
	[ "$(($(grep -c '' m.results.csv) - 1))" -eq 1500 ]
	[ "$(cut -f 9 journal | sort | uniq -d | wc -l)" -eq 0 ]
	[ "$(grep -c ',in_doubt,' m.results.csv)" -le 16 ]
	[ ! -e m.results.csv.journal ]
	# an outcome that found no place is on standard error instead
	if [ "$(cat second)" = 1 ]; then
		grep -o '{"url".*}' err | jq -r .lade_status | grep -q uploaded
	fi
}

@test "a folder that cannot be written: exit 5, and nothing is sent" {
	needs_namespaces
	serve
	manifest $(urls 3)
	in_space 1m "
		cp m.csv disk
		mount -o remount,ro disk
		'$LADE' upload --base-url '$base' disk/m.csv 2>err
		echo \$? >first"
	[ "$(cat first)" = 5 ]
	says "Read-only file system"
	[ ! -s journal ]
}

@test "results on standard output: all rows, and what a duplicate needs" {
	serve
	manifest $(urls 3) https://cdn.example.com/1.jpg
	"$LADE" upload --base-url "$base" -o - m.csv >out.csv 2>err
	[ "$(grep -c ',uploaded,' out.csv)" -eq 3 ]
	[ "$(grep -c ',duplicate,' out.csv)" -eq 1 ]
	says "a run that dies cannot be continued"
	"$LADE" upload --base-url "$base" -o - --output-format ndjson m.csv 2>err | jq -r .lade_status | grep -c uploaded >n
	[ "$(cat n)" -eq 3 ]
	[ "$(ls | grep -c 'results\|journal.$')" -eq 0 ]
}

@test "standard output that is closed, or closes, is an error and no death" {
	serve --latency 20
	manifest $(urls 40)
	run sh -c '"$LADE" upload --base-url "'"$base"'" -j 2 -o - m.csv >&- 2>err'
	expect_status 5
	says "cannot write standard output"
	run bash -c '"$LADE" upload --base-url "'"$base"'" -j 2 -o - m.csv 2>err | head -2 >/dev/null; exit ${PIPESTATUS[0]}'
	expect_status 5
	grep -q '"lade_status":"uploaded"' err
}

@test "the clock set back during a run harms nothing" {
	[ -n "$HOOK" ] || skip "not with a sanitizer"
	serve --latency 20
	manifest $(urls 30)
	run env LD_PRELOAD="$HOOK" HOOK_CLOCK=7200 "$LADE" upload --base-url "$base" -j 2 m.csv 2>err
	expect_status 0
	[ "$(grep -c ',uploaded,' m.results.csv)" -eq 30 ]
	[ "$(cut -d , -f 1 m.results.csv | sed 1d)" = "$(urls 30)" ]
}

@test "two runs at the same moment: one works, one says so, nothing is sent twice" {
	serve
	for round in $(seq "${ROUNDS:-10}"); do
		manifest $(urls 8 "?$round")
		rm -f m.results.csv
		"$LADE" upload -q --base-url "$base" m.csv 2>a 3>&- &
		one=$!
		"$LADE" upload -q --base-url "$base" m.csv 2>b 3>&- &
		two=$!
		first=0 second=0
		wait $one || first=$?
		wait $two || second=$?
		# 0 and 0: the second began when the first was over
		case $first-$second in
		0-0 | 0-6 | 6-0) ;;
		*) cat a b >&2; false ;;
		esac
		[ "$first-$second" = 0-0 ] || grep -q "another lade is working" a b
		[ "$(grep -c ',uploaded,' m.results.csv)" -eq 8 ]
	done
	[ "$(cut -f 9 journal | sort | uniq -d | wc -l)" -eq 0 ]
}

@test "killed while a row waits for its retry: it is pending, not in doubt" {
	serve
	manifest "https://cdn.example.com/a.jpg?fault=status:503;body:html;retry-after:2;times:1"
	dead_run
	expect_received 1
	[ -e m.results.csv.journal ]
	upload m.csv
	expect_status 0
	says "an earlier run had died: carrying on, nothing of it is in doubt"
	expect_row 1 uploaded ""
}

@test "killed with rows in flight: they are in doubt, or sent again if that is wanted" {
	serve --latency 5000
	manifest $(urls 3)
	dead_run -j 1
	upload m.csv --limit 1 --timeout 100ms
	says "an earlier run had died: 1 row that it had sent is in doubt"
	expect_row 1 in_doubt no_answer
	[ "$(field lade_attempts 1)" = 1 ]
	[ "$(field lade_message 1)" = "the run ended before the answer" ]
	stop_serving
	serve --latency 5000
	rm m.results.csv
	dead_run
	stop_serving
	serve
	upload m.csv --in-doubt resend
	expect_status 0
	says "3 uploaded"
}

@test "a torn end of the journal is dropped, damage before it stops with its line" {
	serve --latency 5000
	manifest $(urls 3)
	dead_run -j 1
	cp m.results.csv.journal whole
	cp m.results.csv base.csv
	printf 'start 1 200 0123' >>m.results.csv.journal
	stop_serving
	serve
	upload m.csv
	expect_status 1
	says "dropped a torn last line of 16 bytes"
	expect_row 1 in_doubt no_answer
	# the same with a flipped byte in front of a whole entry
	cp base.csv m.results.csv
	sed '1s/journal/jurnal/' whole >m.results.csv.journal
	upload m.csv
	expect_status 3
	says "m.results.csv.journal:1: the journal is damaged here"
	[ -e m.results.csv.journal ]
	expect_received 3
}

@test "results that were edited or removed after a death do not fit the journal: exit 3" {
	serve --latency 5000
	manifest $(urls 3)
	dead_run -j 1
	cp m.results.csv base.csv
	sed 's/lade_status/lade_Status/' base.csv >m.results.csv
	upload m.csv
	expect_status 3
	says "is not as the run left it whose journal lies beside it"
	rm m.results.csv
	upload m.csv
	expect_status 3
	cp base.csv m.results.csv
	stop_serving
	serve
	upload m.csv
	expect_status 1
	says "2 uploaded"
}

@test "without a journal: a torn last line is dropped, a torn line before it stops" {
	serve
	manifest $(urls 3)
	upload m.csv
	head -c -20 m.results.csv >torn
	cp torn m.results.csv
	upload m.csv
	expect_status 0
	says "dropped a torn last line"
	says "1 uploaded, 2 skipped"
	{ sed -n 1,2p m.results.csv; echo https://cdn.exam; sed -n 4p m.results.csv; } >torn
	cp torn m.results.csv
	upload m.csv
	expect_status 3
	says "m.results.csv:3:.*has 1 field, the header has"
	cmp torn m.results.csv
	expect_received 4
}

@test "a record that says what none can stops the run: it is not sent again" {
	serve
	manifest $(urls 2)
	upload m.csv
	cp m.results.csv good
	sed 's/,uploaded,/,Uploaded,/' good >m.results.csv
	upload m.csv
	expect_status 3
	says "m.results.csv:2: lade_status: Uploaded is none of"
	sed 's/asset-[^,]*//' good >m.results.csv
	upload m.csv
	expect_status 3
	says "m.results.csv:2: lade_status is uploaded, but lade_assetId is empty"
	sed 's/,uploaded,[^,]*,/,,,/' good >m.results.csv
	upload m.csv
	expect_status 0
	says "2 uploaded"
	expect_received 4
}

@test "a link is followed: it stays, its target is put in order, the journal lies beside that" {
	serve --latency 5000
	manifest $(urls 3)
	mkdir there
	: >there/r.csv
	chmod 640 there/r.csv
	ln -s there/r.csv m.results.csv
	dead_run -j 1
	[ -e there/r.csv.journal ]
	stop_serving
	serve
	upload m.csv
	expect_status 1
	[ -L m.results.csv ]
	[ "$(stat -c %a there/r.csv)" = 640 ]
	[ "$(echo there/*)" = 'there/r.csv there/r.csv.index' ]
	ln -s nowhere.csv dangling.csv
	upload m.csv -o dangling.csv
	expect_status 5
}

@test "SIGUSR1 prints where the run is; a journal lies beside the results while it is on" {
	serve --latency 1000
	manifest $(urls 3)
	"$LADE" upload --base-url "$base" -j 1 m.csv 2>err 3>&- &
	pid=$!
	sleep 1.5
	[ -e m.results.csv.journal ]
	[ "$(stat -c %a m.results.csv.journal)" = 600 ]
	[ "$(stat -c %a m.results.csv)" = 600 ]
	kill -USR1 $pid
	sleep 0.2
	says "1 uploaded"
	wait $pid
	[ ! -e m.results.csv.journal ]
}

@test "killed in a review that has two answers for some assets: the newer ones are there, each once" {
	serve --review 1200
	manifest $(urls 4)
	upload m.csv
	sleep 0.7
	manifest $(urls 5)
	upload m.csv
	expect_status 0
	"$LADE" review --base-url "$base" --interval 200ms m.results.csv 2>err 3>&- &
	pid=$!
	for _ in $(seq 60); do
		[ "$(grep -c ,Active, m.results.csv)" -lt 4 ] || break
		sleep 0.03
	done
	timeout 20 "$LADE" report --json m.results.csv >live.json 2>live
	kill -9 $pid
	wait $pid 2>/dev/null || true
	[ -e m.results.csv.journal ]
	jq -e '.records == 5 and .status.uploaded == 5 and .files[0].superseded == 9' live.json
	[ "$(grep -c ,uploaded, m.results.csv)" -eq 14 ]
	timeout 20 "$LADE" report --json m.results.csv >dead.json 2>dead
	jq -e '.records == 5 and .status.uploaded == 5 and .files[0].superseded == 9' dead.json
	upload m.csv
	expect_status 0
	says "an earlier run had died: carrying on, nothing of it is in doubt"
	[ "$(grep -c torn err)" -eq 0 ]
	[ "$(grep -c '' m.results.csv)" -eq 6 ]
	[ "$(grep -c ,Active, m.results.csv)" -eq 4 ]
	[ "$(grep -c ,Processing, m.results.csv)" -eq 1 ]
}

# with_fault CALL NTH ERRNO FILE [options]: an upload whose NTH such call on its results or journal fails.
with_fault() {
	local call=$1 nth=$2 deed=$3
	shift 3
	status=0
	timeout 20 env LD_PRELOAD="$HOOK" HOOK_FILES=m.results HOOK_CALLS=",$call," HOOK_AT="$nth" \
		HOOK_DO="$deed" HOOK_COUNT=count "$LADE" upload --base-url "$base" "$@" 2>err || status=$?
}

@test "rows whose journal could not be synced never left, and are in doubt of nothing" {
	[ -n "$HOOK" ] || skip "not with a sanitizer"
	serve
	manifest $(urls 9)
	with_fault fdatasync 4 EIO m.csv --log-json log -vv
	expect_status 5
	says "cannot sync .*m.results.csv.journal: Input/output error; no new requests"
	says "1 uploaded, [2-8] pending"
	expect_received 1
	# nor does anything say that they did
	[ "$(grep -c '"event":"sent"' log)" -eq 1 ]
	[ "$(grep -c 'sent, attempt' err)" -eq 1 ]
	upload m.csv
	expect_status 0
	says "nothing of it is in doubt"
	says "8 uploaded, 1 skipped"
	expect_received 9
}

@test "a sync that failed is not repeated" {
	[ -n "$HOOK" ] || skip "not with a sanitizer"
	serve
	manifest $(urls 3)
	for nth in 1 2 3; do
		with_fault fdatasync $nth EIO m.csv
		expect_status 5
		[ "$(cat count)" -eq "$nth" ] || { echo "$(cat count) instead of $nth" >&2; false; }
		expect_received 0
	done
	upload m.csv
	expect_status 0
	says "3 uploaded"
}

@test "rows that were in doubt when a sync failed stay in doubt" {
	[ -n "$HOOK" ] || skip "not with a sanitizer"
	serve
	manifest $(urls 1 '?fault=drop;create')
	with_fault fdatasync 4 EIO m.csv --in-doubt resend
	expect_status 5
	expect_received 1
	upload m.csv
	expect_status 1
	says "1 in doubt"
	expect_received 1
}

@test "a reader that dies in the middle of a record: the outcome is whole on standard error" {
	serve
	{
		echo url,note
		printf 'https://cdn.example.com/1.jpg,%0100000d\n' 7
		printf 'https://cdn.example.com/2.jpg,two\n'
	} >m.csv
	run bash -c '"$LADE" upload --base-url "'"$base"'" -j 1 -o - m.csv 2>err | sleep 1; exit ${PIPESTATUS[0]}'
	expect_status 5
	says "these outcomes could not be written"
	grep '^{' err >lost
	[ "$(grep -c '' lost)" -eq "$(received)" ]
	jq -e -s '.[0] | .url == "https://cdn.example.com/1.jpg" and (.note | length) == 100000 and .lade_status == "uploaded"' lost
}
