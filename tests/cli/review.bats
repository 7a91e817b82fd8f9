#!/usr/bin/env bats
# The review: who is asked, how often, what is written, how it ends.

load common

review() {
	run lade review --base-url "$base" "$@"
}

# ids: which assets were asked for, in order.
ids() { awk -F '\t' '$4 == "GET" { sub(/.*\//, "", $5); print $5 }' journal; }

@test "review asks for each asset until it is settled, and writes what the server said" {
	serve --review 1500
	manifest $(urls 5) https://cdn.example.com/1.jpg "https://cdn.example.com/x.jpg?review=failed" "https://cdn.example.com/y.jpg?fault=code:5"
	upload m.csv
	expect_status 1
	[ -z "$(field lade_reviewStatus 1)" ]
	before=$(cut -d , -f 1-5,7- m.results.csv)
	review --once m.results.csv
	expect_status 7
	says "review of 6 assets: 6 Processing"
	says "to ask again: lade review m.results.csv"
	[ "$(asked)" -eq 6 ]
	[ "$(field lade_reviewStatus 1)" = Processing ]
	[ "$(field lade_reviewStatus 6)" = Processing ]
	review --interval 500ms m.results.csv
	expect_status 7
	says "review of 6 assets: 5 Active, 1 Failed"
	says "lade retry --only review_failed m.results.csv"
	for row in 1 2 3 4 5 6; do [ "$(field lade_reviewStatus $row)" = Active ]; done
	[ "$(field lade_reviewStatus 7)" = Failed ]
	[ -z "$(field lade_reviewStatus 8)" ]
	[ "$(field lade_status 8)" = failed ]
	# nothing else has changed, and nothing is left beside
	[ "$(cut -d , -f 1-5,7- m.results.csv)" = "$before" ]
	[ ! -e m.results.csv.journal ]
	# what is settled is not asked again
	n=$(asked)
	review m.results.csv
	expect_status 7
	[ "$(asked)" -eq "$n" ]
	expect_received 7
	retry --only review_failed m.results.csv
	expect_received 8
	sed -i '/y.jpg/d' m.results.csv
	[ -z "$(field lade_reviewStatus 7)" ]
}

@test "review of JSON Lines keeps every member, and several files share one round" {
	serve
	printf '{"url":"https://cdn.example.com/1.jpg","n":1.50,"deep":{"a":[1,null]},"z":"\\u00e9"}\n' >a.ndjson
	printf '{"url":"https://cdn.example.com/2.jpg"}\n' >b.ndjson
	upload a.ndjson
	upload b.ndjson
	jq -cS 'del(.lade_reviewStatus)' a.results.ndjson >before
	review a.results.ndjson b.results.ndjson
	expect_status 0
	says "review of 2 assets: 2 Active"
	[ "$(asked)" -eq 2 ]
	[ "$(jq -r .lade_reviewStatus a.results.ndjson b.results.ndjson | paste -sd ' ')" = "Active Active" ]
	jq -cS 'del(.lade_reviewStatus)' a.results.ndjson | cmp - before
	grep -q '"n":1.50,' a.results.ndjson
}

@test "review: each asset no oftener than the interval, the questions spread over it" {
	serve --review 3500
	manifest $(urls 400)
	upload m.csv -j 40
	review --interval 2s --review-rate 1000/s --timeout 15s m.results.csv
	expect_status 0
	says "400 Active"
	awk -F '\t' '$4 == "GET" {
			if ($5 in last && $1 - last[$5] < least) least = $1 - last[$5]
			last[$5] = $1
			if (!first) first = $1
			if ($1 - first < 1900) slot[int(($1 - first) / 250)]++
			n++
		}
		BEGIN { least = 1e9 }
		END {
			for (s = 0; s < 7; s++) {
				print "slot", s, slot[s]
				if (slot[s] < 30 || slot[s] > 80) bad = 1
			}
			print n, "questions, least distance", least
			exit bad || n < 800 || least < 1900
		}' journal
}

@test "review --review-rate is a ceiling" {
	serve
	manifest $(urls 20)
	upload m.csv
	review --once --review-rate 20/s m.results.csv
	expect_status 0
	awk -F '\t' '$4 == "GET" { if (!first) first = $1; last = $1 } END { exit last - first < 900 }' journal
}

@test "review: an unknown id is said once; a strange status is an error, never still processing" {
	serve
	manifest "https://cdn.example.com/o.jpg?review=odd"
	printf '%s\n' https://cdn.example.com/2.jpg,Image, https://cdn.example.com/3.jpg,Image, >>m.csv
	upload m.csv
	sed -i "s/$(field lade_assetId 3)/asset-nobody-knows/" m.results.csv
	review --interval 300ms --timeout 1s m.results.csv
	expect_status 7
	says "review of 3 assets: 1 Active, 1 unknown, 1 of another status"
	says "asset-nobody-knows: the server knows no such asset (code -1: no such asset)"
	says "its status is none of Processing, Active, Failed: Paused"
	[ "$(ids | grep -c nobody)" -eq 1 ]
	[ "$(ids | grep -c "$(field lade_assetId 1)")" -ge 3 ]
	[ "$(grep -c Paused err)" -eq 1 ]
	[ -z "$(field lade_reviewStatus 1)" ]
	[ -z "$(field lade_reviewStatus 3)" ]
}

@test "review: refusals that name no time pause all questions for longer and longer, up to --max-pause" {
	serve
	manifest $(urls 6)
	upload m.csv
	stop_serving
	echo 'GET status:429;code:429' >rules
	serve --port "$(cat port)" --rules rules
	before=$(asked)
	review --review-rate 1000/s --interval 10ms --max-pause 1s --progress plain --progress-interval 50ms m.results.csv
	expect_status 6
	says "paused by the server, "
	says "the server has refused everything for longer than --max-pause"
	says "review of 6 assets: 6 unanswered"
	# one before anything was answered; its pauses have no less than 0 and double from 0.5 s
	[ $(($(asked) - before)) -le 20 ]
}

@test "review: failures are asked again in the next round, 401 stops, a pause is kept" {
	serve
	manifest $(urls 3)
	upload m.csv
	cp m.results.csv kept.csv
	stop_serving
	echo 'GET code:5' >rules
	serve --port "$(cat port)" --rules rules
	review --interval 300ms --timeout 1s m.results.csv
	expect_status 7
	says "review of 3 assets: 3 unanswered"
	[ "$(asked)" -ge 6 ]
	cmp m.results.csv kept.csv
	stop_serving
	echo 'GET status:401;code:401;msg:no%20such%20key' >rules
	serve --port "$(cat port)" --rules rules
	before=$(asked)
	review m.results.csv
	expect_status 4
	says "the server refused the API key (HTTP 401: no such key)"
	[ $(($(asked) - before)) -eq 1 ]
	stop_serving
	echo 'GET status:429;code:429;retry-after:7200' >rules
	serve --port "$(cat port)" --rules rules
	review m.results.csv
	expect_status 6
	says "asks for a pause of .*, longer than --max-pause: come back at 20..-..-.. ..:..$"
	stop_serving
	echo 'GET status:302;location:https://evil.example.com/' >rules
	serve --port "$(cat port)" --rules rules
	review m.results.csv
	expect_status 4
	says "redirects (HTTP 302) to evil.example.com"
	stop_serving
	# nobody there at all
	review --outage-timeout 1s m.results.csv
	expect_status 6
	says "the server was down for longer than --outage-timeout"
	cmp m.results.csv kept.csv
}

# uploaded ID...: a results file of assets with these ids, and two more that are Active. rules: for them
uploaded() {
	serve --rules rules
	manifest $(urls 2) $(for id; do echo "https://cdn.example.com/x.jpg?fault=id:$id"; done)
	upload m.csv
	expect_status 0
}

@test "review: one asset's 403 is its own where another was answered, and five times the same are one" {
	echo "asset-bbb status:403;code:7" >rules
	uploaded asset-bbb
	review --interval 100ms --timeout 2s m.results.csv
	expect_status 7
	says "review of 3 assets: 2 Active, 1 unanswered"
	[ "$(ids | grep -c asset-bbb)" -ge 6 ]
	# nothing of the key is known: one of two says no, the other nothing
	printf '%s\n' "asset-aaa status:403;code:7" "asset-bbb status:500;code:500" >rules
	stop_serving
	rm journal
	rm -f m.results.csv
	uploaded asset-aaa asset-bbb
	sed -i 2,3d m.results.csv
	review --interval 100ms --timeout 2s m.results.csv
	expect_status 7
	says "review of 2 assets: 2 unanswered"
	stop_serving
	rm journal
	echo "GET status:403;code:7;msg:not%20yours" >rules
	serve --rules rules
	review --interval 100ms --timeout 2s m.results.csv
	expect_status 4
	says "the server refused the API key (HTTP 403: not yours)"
	[ "$(asked)" -eq 2 ]
}

@test "review: 403 for all means all that are to be asked for, with --once too" {
	printf '%s\n' "asset-aaa status:403;code:7" "asset-bbb status:403;code:7" >rules
	serve --rules rules
	manifest $(for id in aaa bbb; do echo "https://cdn.example.com/$id.jpg?fault=id:asset-$id"; done) $(urls 1)
	upload m.csv
	expect_status 0
	review --once -j 1 m.results.csv
	expect_status 7
	says "1 Active"
	[ "$(asked)" -eq 3 ]
}

@test "review: assets that are never answered well are not settled; a server that never does is down" {
	echo "asset-bbb status:500;code:500" >rules
	uploaded asset-bbb
	review --interval 200ms --timeout 4s --outage-timeout 1s m.results.csv
	expect_status 7
	says "review of 3 assets: 2 Active, 1 unanswered"
	[ "$(ids | grep -c asset-bbb)" -ge 10 ]
	stop_serving
	rm journal
	echo "GET status:503;code:503" >rules
	serve --rules rules
	sed -i 's/Active//' m.results.csv
	review --interval 200ms --timeout 9s --outage-timeout 2s m.results.csv
	expect_status 6
	says "the server was down for longer than --outage-timeout"
}

@test "review: Retry-After of a 503 pauses all questions" {
	echo "asset-bbb status:503;code:503;retry-after:2;times:1" >rules
	uploaded asset-bbb
	review --interval 200ms --review-rate 5/s m.results.csv
	expect_status 7
	says "2 Active, 1 unknown" # the stand-in forgets such ids
	awk -F '\t' '$7 == 503 { at = $1; next } at && $1 - at < 1990 { bad = 1 } END { exit bad || !at }' journal
	stop_serving
	rm journal
	echo "GET status:503;code:503;retry-after:7200" >rules
	serve --rules rules
	sed -i 's/Active//' m.results.csv
	review m.results.csv
	expect_status 6
	says "asks for a pause of .*, longer than --max-pause"
	[ "$(asked)" -eq 1 ]
}

@test "review waits out an outage" {
	serve
	manifest $(urls 3)
	upload m.csv
	port=$(cat port)
	stop_serving
	"$STANDIN" --port "$port" --journal journal --outage 0:1.5:503 --max-runtime 100 >/dev/null 3>&- &
	standin_pid=$!
	sleep 0.1
	review --interval 400ms --timeout 10s m.results.csv
	# a stand-in that began anew knows none of them, but it is one that answers
	expect_status 7
	says "3 unknown"
	awk -F '\t' '$4 == "GET" && $7 == 503' journal | grep -q .
}

@test "review: two at once, a killed one, an interrupted one" {
	serve --review 60000
	manifest $(urls 30)
	upload m.csv
	(exec "$LADE" review --base-url "$base" --review-rate 20/s m.results.csv 2>killed) &
	pid=$!
	sleep 0.7
	review m.results.csv
	expect_status 6
	says "another lade is working on this results file"
	upload m.csv
	expect_status 6
	kill -9 $pid
	wait $pid || true
	known=$(awk -F '\t' '$4 == "GET"' journal | wc -l)
	[ -e m.results.csv.journal ]
	upload m.csv
	expect_status 0
	says "30 skipped"
	expect_received 30
	# all but perhaps the last answer are there
	[ "$(grep -c ,Processing, m.results.csv)" -ge $((known - 2)) ]
	[ "$(tail -n +2 m.results.csv | cut -d , -f 1 | sort -u | wc -l)" -eq 30 ]
	[ "$(wc -l <m.results.csv)" -eq 31 ]
	(exec env --default-signal=INT "$LADE" review --base-url "$base" m.results.csv 2>interrupted) &
	pid=$!
	sleep 0.5
	kill -USR1 $pid
	sleep 0.1
	kill -INT $pid
	status=0
	wait $pid || status=$?
	[ "$status" -eq 130 ]
	grep -q 'review: .* Processing' interrupted
	[ ! -e m.results.csv.journal ]
	# an option may stand before the command: it is the command's all the same
	run lade --timeout 300ms review --base-url "$base" m.results.csv
	expect_status 7
	says "not settled"
}

@test "upload --review waits for the review after the upload" {
	serve --review 700
	manifest $(urls 3)
	upload m.csv --review --interval 300ms
	expect_status 0
	says "3 rows: 3 uploaded"
	says "review of 3 assets: 3 Active"
	[ "$(field lade_reviewStatus 3)" = Active ]
	manifest $(urls 3) https://cdn.example.com/4.jpg "https://cdn.example.com/5.jpg?fault=code:5"
	upload m.csv --review --interval 300ms --review-timeout 300ms
	expect_status 1
	says "1 Processing"
	upload m.csv -o - --review
	expect_status 2
}

@test "review: what is no results file, or not there, is an error and makes no file" {
	serve
	manifest $(urls 1)
	review m.csv
	expect_status 3
	says "no column lade_status"
	review nothing.csv
	expect_status 3
	[ ! -e nothing.csv ]
	review
	expect_status 2
	review --interval 0s m.csv
	expect_status 2
	review --review-rate auto m.csv
	expect_status 2
	review --retries 3 m.csv
	expect_status 2
	says "no option of .lade review"
	head -1 m.csv >e.csv
	upload e.csv
	review e.results.csv
	expect_status 0
	says "no assets"
}

@test "review: a full disk stops with 5 and what was known before stays" {
	serve
	manifest $(urls 50)
	upload m.csv
	cp m.results.csv before.csv
	limit=$(($(stat -c %s m.results.csv) / 1024 + 1))
	run bash -c "ulimit -f $limit; trap '' XFSZ; '$LADE' review --base-url '$base' --review-rate 500/s m.results.csv 2>err"
	expect_status 5
	says "no new questions"
	[ "$(wc -l <m.results.csv)" -ge 51 ]
	review --once --review-rate 500/s m.results.csv
	expect_status 0
	[ "$(grep -c ,Active, m.results.csv)" -eq 50 ]
	[ "$(cut -d , -f 1-5,7- m.results.csv)" = "$(cut -d , -f 1-5,7- before.csv)" ]
}

@test "review: whatever step on its files it dies or fails at, the next one carries on" {
	[ -n "${HOOK:-}" ] && [ -e "$HOOK" ] || skip "the hook is not built with sanitizers"
	serve
	manifest $(urls 6) https://cdn.example.com/1.jpg
	upload m.csv
	cp m.results.csv base.csv
	others() { cut -d , -f 1-5,7- "$1"; }
	disturbed=0
	for deed in kill torn EIO; do
		for step in $(seq 40); do
			rm -f m.results.csv*
			cp -p base.csv m.results.csv
			status=0
			LD_PRELOAD=$HOOK HOOK_FILES=m.results HOOK_AT=$step HOOK_DO=$deed HOOK_COUNT=$PWD/count \
				"$LADE" review -q -j 2 --once --review-rate 1000/s --base-url "$base" m.results.csv 2>err || status=$?
			[ "$status" -ne 0 ] || [ "$step" -le "$(cat count)" ] || break
			case $status in
			0) ;;
			5 | 137) disturbed=$((disturbed + 1)) ;;
			*) echo "$deed at $step: exit status $status: $(cat err)" >&2; return 1 ;;
			esac
			review -q --once --review-rate 1000/s m.results.csv
			expect_status 0
			[ "$(grep -c ,Active, m.results.csv)" -eq 7 ] || { echo "$deed at $step" >&2; return 1; }
			[ "$(others m.results.csv)" = "$(others base.csv)" ] || { echo "$deed at $step" >&2; return 1; }
			[ ! -e m.results.csv.journal ]
		done
	done
	[ "$disturbed" -ge 40 ]
}
