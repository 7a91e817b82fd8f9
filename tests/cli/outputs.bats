#!/usr/bin/env bats
# What a command leaves for machines: --summary-json, --metrics-file, --log-json.

load common

value() { sed -n "s/^$1{.*} //p" "${2:-m.prom}"; }

@test "--summary-json is one object with the counts of the summary, whatever happened" {
	serve
	manifest $(urls 3) https://cdn.example.com/1.jpg "https://cdn.example.com/x.jpg?fault=code:5;msg:no%20%e2%80%ae" https:///bad.jpg "https://cdn.example.com/y.jpg?fault=status:429;code:429;times:1"
	upload m.csv --summary-json s.json
	expect_status 1
	[ "$(wc -l <s.json)" -eq 1 ]
	[ "$(jq -c .rows s.json)" = '{"read":7,"uploaded":4,"skipped":0,"duplicate":1,"failed":1,"inDoubt":0,"invalid":1,"pending":0,"passedOver":0,"otherShards":0}' ]
	[ "$(jq -c '[.command, .exitStatus, .stopped, .requests, .retries, .throttles, .operands, .results, .review]' s.json)" = \
		'["upload",1,null,6,1,1,["m.csv"],["m.results.csv"],null]' ]
	[ "$(jq -c '[.failures[] | [.class, .code, .count, .firstLine]] | sort' s.json)" = '[["invalid_row",null,1,7],["rejected","5",1,6]]' ]
	[ "$(jq -r '.failures[] | select(.code == "5").message' s.json)" = 'no \u{202e}' ]
	[ "$(stat -c %a s.json)" = 600 ]
	# no run at all, and a stopped one
	GLOBALAIOPC_API_KEY= upload m.csv --summary-json s.json
	expect_status 2
	[ "$(jq -c '[.exitStatus, .rows.read, .results]' s.json)" = '[2,0,[]]' ]
	upload nothing.csv --summary-json s.json
	expect_status 3
	[ "$(jq .exitStatus s.json)" = 3 ]
	manifest $(urls 9)
	upload m.csv --limit 1 --summary-json s.json
	expect_status 6
	[ "$(jq -c '[.exitStatus, .stopped]' s.json)" = '[6,"limit"]' ]
	manifest $(urls 9 "?fault=code:5")
	upload m.csv --max-failures 2 -j 1 --summary-json s.json
	expect_status 6
	[ "$(jq -c '[.exitStatus, .stopped]' s.json)" = '[6,"failures"]' ]
	manifest $(urls 9)
	upload m.csv --summary-json - -q
	[ "$(echo "$output" | jq .rows.read)" = 9 ]
}

@test "--summary-json of review, and of retry over several files" {
	serve
	manifest $(urls 3) "https://cdn.example.com/x.jpg?review=failed"
	upload m.csv --review --interval 200ms --summary-json s.json
	expect_status 7
	[ "$(jq -c .review s.json)" = '{"assets":4,"active":3,"failed":1,"processing":0,"unknown":0,"otherStatus":0,"unanswered":0,"questions":4,"failedQuestions":0,"throttles":0}' ]
	[ "$(jq -c '[.requests, .rows.uploaded, .exitStatus]' s.json)" = '[8,4,7]' ]
	manifest "https://cdn.example.com/a.jpg?fault=code:5"
	upload m.csv -o a.csv
	upload m.csv -o b.csv
	retry a.csv b.csv --summary-json s.json
	[ "$(jq -c '[.rows.read, .rows.failed, .results, (.failures | length)]' s.json)" = '[2,2,["a.csv","b.csv"],2]' ]
}

@test "questions of a review that never left are no requests" {
	serve
	manifest $(urls 2)
	upload m.csv
	stop_serving
	run lade review --base-url "$base" --once --summary-json s.json --metrics-file m.prom m.results.csv
	expect_status 7
	[ "$(jq '.review.questions > 0 and .review.questions == .review.failedQuestions' s.json)" = true ]
	[ "$(jq .requests s.json)" = 0 ]
	[ "$(value lade_run_requests)" = 0 ]
}

@test "--metrics-file: the textfile, its last success kept through failures" {
	serve
	manifest $(urls 3)
	upload m.csv --metrics-file m.prom
	expect_status 0
	[ "$(stat -c %a m.prom)" = 644 ]
	success=$(value lade_last_success_timestamp_seconds)
	[ "$success" -ge $(($(date +%s) - 20)) ]
	[ "$(value lade_run_exit_status)" = 0 ]
	[ "$(value lade_run_requests)" = 3 ]
	grep -qF 'lade_run_rows{command="upload",operand="m.csv",status="uploaded"} 3' m.prom
	sed -i "s/^\(lade_last_.*}\) .*/\1 1234567890/" m.prom
	manifest "https://cdn.example.com/x.jpg?fault=code:5"
	upload m.csv --metrics-file m.prom
	expect_status 1
	[ "$(value lade_last_success_timestamp_seconds)" = 1234567890 ]
	[ "$(value lade_last_finish_timestamp_seconds)" -ge "$success" ]
	[ "$(value lade_run_exit_status)" = 1 ]
	upload m.csv --metrics-file never.prom
	[ "$(value lade_last_success_timestamp_seconds never.prom)" = 0 ]
	upload 'no"such\file' --metrics-file m.prom
	expect_status 3
	grep -qF 'operand="no\"such\\file"' m.prom
	[ ! -e m.prom.lade-new ]
	! command -v promtool >/dev/null || promtool check metrics <m.prom
}

@test "runs that write the same files at their end take turns" {
	serve
	manifest $(urls 1)
	# a writer that is alive is waited for; a dead one's file is none's
	touch m.prom.lade-new sum.json.lade-new
	flock m.prom.lade-new sh -c 'sleep 0.5; [ ! -e m.prom ]; echo $? >waited; rm m.prom.lade-new' &
	sleep 0.1
	upload m.csv --metrics-file m.prom --summary-json sum.json
	expect_status 0
	wait $!
	[ "$(cat waited)" = 0 ]
	[ "$(value lade_run_exit_status)" = 0 ]
	[ ! -e m.prom.lade-new ] && [ ! -e sum.json.lade-new ]
	for i in 1 2 3 4 5 6; do
		lade upload --base-url "$base" -o "$i.csv" --asset-map map.json --metrics-file m.prom --summary-json sum.json m.csv \
			2>"err.$i" || echo "$i: $?" >>failed &
	done
	wait $(jobs -p | grep -v "$standin_pid")
	[ ! -e failed ] || { cat failed err.?; return 1; }
	[ "$(value lade_run_exit_status)" = 0 ]
	[ "$(jq .exitStatus sum.json)" = 0 ]
	[ "$(jq length map.json)" = 1 ]
	[ -z "$(ls ./*.lade-new 2>/dev/null)" ]
}

@test "--metrics-file passes promtool after a review too" {
	command -v promtool >/dev/null || skip "promtool is not installed"
	serve
	manifest $(urls 3)
	upload m.csv --review --metrics-file m.prom
	expect_status 0
	grep -qF 'lade_run_assets{command="upload",operand="m.csv",status="Active"} 3' m.prom
	promtool check metrics <m.prom
}

@test "--log-json: an event a line, in order, URLs cut and the key masked" {
	serve --key sk-test-0123456789
	manifest "https://cdn.example.com/1.jpg?signature=secret" "https://cdn.example.com/2.jpg?fault=status:503;code:503;times:1;msg:key%20sk-test-0123456789%20%e2%80%ae" \
		"https://cdn.example.com/3.jpg?fault=status:429;code:429;times:1;retry-after:1"
	upload m.csv -j 1 --log-json log.json
	expect_status 0
	jq -e . log.json >/dev/null
	[ "$(stat -c %a log.json)" = 600 ]
	[ "$(jq -r .event log.json | grep -v outage | sort | uniq -c | awk '{print $2 "=" $1}' | paste -sd ' ')" = \
		"answer=5 end=1 pause=1 retry=2 sent=5 start=1" ]
	[ "$(jq -r .event log.json | sed -n '1p;2p;$p' | paste -sd ' ')" = "start sent end" ]
	! grep -q 'secret\|sk-test' log.json || false
	[ "$(jq -r 'select(.event == "sent") | .url' log.json | head -1)" = "https://cdn.example.com/1.jpg?…" ]
	[ "$(jq -r 'select(.httpStatus == 503) | .message' log.json)" = 'key [key] \u{202e}' ]
	[ "$(jq -r 'select(.event == "answer") | .outcome' log.json | sort | uniq -c | awk '{print $2 "=" $1}' | paste -sd ' ')" = \
		"throttled=1 unavailable=1 uploaded=3" ]
	[ "$(jq -c 'select(.event == "answer" and .line == 2) | [.attempt, .httpStatus, .code, .assetId]' log.json)" = \
		"[1,200,\"0\",\"$(field lade_assetId 1)\"]" ]
	wait=$(jq 'select(.event == "pause") | .waitMs' log.json)
	[ "$wait" -gt 500 ] && [ "$wait" -le 3000 ]
	# appended, not overwritten
	run lade review --base-url "$base" --log-json log.json m.results.csv
	expect_status 0
	[ "$(jq -r 'select(.event == "start") | .command' log.json | paste -sd ' ')" = "upload review" ]
	[ "$(jq -r 'select(.reviewStatus) | .reviewStatus' log.json | paste -sd ' ')" = "Active Active Active" ]
}

@test "--log-json tells of outages and of what stopped the run" {
	serve --outage 0:1.2:503
	manifest $(urls 3)
	upload m.csv --log-json log.json
	expect_status 0
	[ "$(jq -r 'select(.event == "outage") | .state' log.json | paste -sd ' ')" = "down over" ]
	upload m.csv --limit 1 --log-json log.json
	manifest "https://cdn.example.com/x.jpg?fault=status:401;code:401"
	upload m.csv --log-json log.json
	expect_status 4
	[ "$(jq -r 'select(.event == "stop") | .reason' log.json)" = key ]
	[ "$(jq -c 'select(.event == "end") | [.exitStatus, .stopped]' log.json | tail -1)" = '[4,"key"]' ]
}

@test "--log-json: what was not sent is an attempt too, and none is said to follow when none does" {
	manifest $(urls 1)
	base=http://127.0.0.1:9/api
	upload m.csv --outage-timeout 1500ms --log-json log.json -vv
	expect_status 6
	[ "$(jq -c 'select(.event != null and .attempt != null) | [.event, .attempt, .outcome]' log.json | head -4 | paste -sd ' ')" = \
		'["sent",1,null] ["answer",1,"not_sent"] ["retry",1,null] ["sent",1,null]' ]
	[ "$(jq -r 'select(.attempt) | .attempt' log.json | sort -u)" = 1 ]
	# the last row's answer comes when the run has stopped
	rm log.json
	serve
	manifest https://cdn.example.com/1.jpg "https://cdn.example.com/2.jpg?fault=code:5" "https://cdn.example.com/3.jpg?fault=delay:500;status:503;code:503"
	upload m.csv -j 2 --rate none --max-failures 1 --log-json log.json -v
	expect_status 6
	[ "$(jq -c 'select(.event == "answer") | [.line, .outcome]' log.json | tail -1)" = '[4,"unavailable"]' ]
	[ -z "$(jq -c 'select(.event == "retry")' log.json)" ]
	says '^lade: m.csv:4: attempt 1: refused$'
}

@test "--log-json: a server that refuses everything is not down" {
	serve --limit bucket:0.01/s:3
	manifest $(urls 6)
	"$LADE" upload --base-url "$base" --log-json log.json m.csv 2>err 3>&- &
	pid=$!
	sleep 4
	kill -TERM $pid
	wait $pid || true
	[ "$(jq -c 'select(.event == "outage") | [.state, .message]' log.json)" = '["refusing",null]' ]
}

@test "a killed run's log ends with a whole event" {
	serve --latency 50
	manifest $(urls 200)
	(exec "$LADE" upload --base-url "$base" --log-json log.json m.csv 2>/dev/null) &
	pid=$!
	sleep 0.6
	kill -9 $pid
	wait $pid || true
	[ "$(jq -r .event log.json | grep -c sent)" -ge 8 ]
	[ "$(jq -r 'select(.event == "sent")' log.json | jq -s length)" -le "$(($(received) + 8))" ]
}

@test "outputs that cannot be written do not stop the run, and give exit 5 if nothing is worse" {
	serve
	manifest $(urls 3)
	upload m.csv --log-json /nowhere/log.json
	expect_status 5
	says "log-json: cannot open /nowhere/log.json"
	[ "$(grep -c ,uploaded, m.results.csv)" -eq 3 ]
	for option in --summary-json --metrics-file; do
		upload m.csv $option /nowhere/file
		expect_status 5
		says "$option: cannot"
	done
	upload m.csv --log-json /dev/full --summary-json s.json
	expect_status 5
	says "the log is not complete"
	[ "$(jq .exitStatus s.json)" = 5 ]
	# and what is written after it knows of it
	upload m.csv --summary-json /nowhere/file --metrics-file m.prom --log-json log.json
	expect_status 5
	[ "$(value lade_run_exit_status)" = 5 ]
	[ "$(value lade_last_success_timestamp_seconds)" = 0 ]
	[ "$(jq -c 'select(.event == "end") | .exitStatus' log.json)" = 5 ]
	upload m.csv --log-json /dev/full --metrics-file m.prom
	expect_status 5
	[ "$(value lade_run_exit_status)" = 5 ]
	upload m.csv --summary-json ''
	expect_status 2
	run lade check --metrics-file x m.csv
	expect_status 2
}
