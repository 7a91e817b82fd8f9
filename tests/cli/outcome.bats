#!/usr/bin/env bats
# Every line of the outcome table: what the results say, the exit status, and what the server got.

load common

ok=https://cdn.example.com/ok.jpg
# words with semicolons: a comma would need quotes in the manifest
fault() { echo "https://cdn.example.com/$1.jpg?fault=${2//,/;}"; }

@test "uploaded: 2xx, code 0, an id" {
	serve
	manifest "$ok"
	upload m.csv
	expect_status 0
	expect_row 1 uploaded ""
	expect_received 1
	[ "$(field lade_assetId 1)" = "$(cut -f 8 journal)" ]
	[ "$(field lade_attempts 1)" = 1 ]
	[ "$(field lade_httpStatus 1)" = 200 ]
}

@test "uploaded: code as the string \"0\"" {
	serve
	manifest "$(fault a 'code:%220%22')"
	upload m.csv
	expect_status 0
	expect_row 1 uploaded ""
}

@test "rejected: another code is final" {
	serve
	manifest "$(fault a code:1001,msg:no)" "$ok"
	upload m.csv
	expect_status 1
	expect_row 1 failed rejected
	expect_row 2 uploaded ""
	expect_received 2
	[ "$(field lade_code 1)" = 1001 ]
	[ "$(field lade_message 1)" = no ]
}

@test "rejected: a code that is a word" {
	serve
	manifest "$(fault a code:InvalidUrl)"
	upload m.csv
	expect_status 1
	expect_row 1 failed rejected
	[ "$(field lade_code 1)" = InvalidUrl ]
}

@test "rejected: HTTP 400 and 404" {
	serve
	manifest "$(fault a status:400,code:400)" "$(fault b status:404,body:html)"
	upload m.csv
	expect_status 1
	expect_row 1 failed rejected
	expect_row 2 failed rejected
	expect_received 2
}

@test "unavailable: 503, 408, 425, 500 with the envelope, codes 500 and 503 are sent again" {
	serve
	manifest "$ok" "$(fault a status:503,code:503,times:1)" "$(fault b status:408,code:1,times:1)" \
		"$(fault c status:425,code:1,times:1)" "$(fault d status:500,code:9,times:1)" \
		"$(fault e code:500,times:1)" "$(fault f code:503,times:1)" \
		"https://cdn.example.com/last.jpg?fault=delay:300"
	upload m.csv
	expect_status 0
	for row in 1 2 3 4 5 6 7 8; do expect_row $row uploaded ""; done
	[ "$(field lade_attempts 2)" = 2 ]
	expect_received 14
}

@test "unavailable: fails when the retries are used up while others succeed" {
	serve --latency 20
	{
		echo url,assetType
		echo "$(fault a status:503,code:503),Image"
		for i in $(seq 400); do echo "https://cdn.example.com/$i.jpg,Image"; done
	} >m.csv
	upload m.csv --retries 1 -j 2
	expect_status 1
	expect_row 1 failed unavailable
	# one more does not count where nobody else succeeded meanwhile, as on a busy machine
	[ "$(received a.jpg)" -ge 2 ]
	[ "$(received a.jpg)" -le 4 ]
	[ "$(field lade_attempts 1)" = "$(received a.jpg)" ]
}

@test "unavailable: the last row fails too when its retries are used up" {
	serve
	manifest "$ok" "$(fault a status:503,code:503)"
	upload m.csv --retries 2
	expect_status 1
	expect_row 2 failed unavailable
	# its own re-sendings are two; those while nobody else could tell whose fault it is do not count
	[ "$(received a.jpg)" -ge 3 ]
	[ "$(received a.jpg)" -le 5 ]
}

@test "unavailable: a code named by --retry-code" {
	serve
	manifest "$(fault a code:1302,times:1)"
	upload m.csv --retry-code 7,1302
	expect_status 0
	expect_row 1 uploaded ""
	expect_received 2
}

@test "throttled: 429 waits and is sent again" {
	serve
	manifest "$(fault a status:429,code:429,times:2)" "$ok"
	upload m.csv
	expect_status 0
	expect_row 1 uploaded ""
	expect_received 4
}

@test "throttled: code 429 in a 200, and 403 with Retry-After" {
	serve
	manifest "$(fault a code:429,times:1)" "$(fault b status:403,retry-after:1,times:1)"
	upload m.csv
	expect_status 0
	expect_row 1 uploaded ""
	expect_row 2 uploaded ""
	expect_received 4
}

@test "throttled: Retry-After pauses everybody for as long as it says" {
	serve
	{
		echo url,assetType
		echo "$(fault a status:429,retry-after:2,times:1),Image"
		for i in $(seq 20); do echo "https://cdn.example.com/$i.jpg,Image"; done
	} >m.csv
	upload m.csv -j 4
	expect_status 0
	# nothing between the refusal and two seconds later
	awk -F '\t' '$7 == 429 { at = $1; next } at && $1 - at < 1990 { print; bad = 1 } END { exit bad }' \
		journal
	expect_received 22
}

@test "throttled: a pause longer than --max-pause ends the run with exit 6" {
	serve
	manifest "$(fault a status:429,retry-after:7200)"
	upload m.csv
	expect_status 6
	says "asks for a pause of 2 h"
	expect_received 1
	[ "$(wc -l <m.results.csv)" -eq 1 ]
}

@test "key refused: 401 stops the run, rows stay pending, exit 4" {
	serve --key another
	manifest "$ok" https://cdn.example.com/2.jpg https://cdn.example.com/3.jpg
	upload m.csv -j 3
	expect_status 4
	says "refused the API key"
	expect_received 1
	[ "$(wc -l <m.results.csv)" -eq 1 ]
	says "1 pending"
}

@test "key refused: code 401" {
	serve
	manifest "$(fault a code:401)" "$ok"
	upload m.csv
	expect_status 4
	expect_received 1
}

@test "key refused: 403 for five rows in a row" {
	serve
	manifest "$ok" $(for i in 1 2 3 4 5 6 7 8; do fault $i status:403,code:1; done)
	upload m.csv -j 1
	expect_status 4
	expect_received 6
	expect_row 1 uploaded ""
	[ "$(wc -l <m.results.csv)" -eq 2 ]
}

@test "key refused: 403 for all there are" {
	serve
	manifest "$(fault 1 'code:403,msg:not%20yours')" "$(fault 2 'status:403,code:1,msg:not%20yours')"
	upload m.csv --log-json log
	expect_status 4
	expect_received 2
	says "refused the API key (HTTP .*: not yours); nothing more is sent"
	grep -q '"event":"stop".*"reason":"key"' log
}

@test "403 for one row is its own fault where another was judged" {
	serve
	manifest "$(fault 1 status:403,code:7)" "$(fault 2 code:1001)"
	upload m.csv -j 1
	expect_status 1
	expect_row 1 failed rejected
	expect_row 2 failed rejected
}

@test "403 for one row among others is that row's fault" {
	serve
	manifest "$ok" "$(fault 1 status:403,code:7)" https://cdn.example.com/3.jpg
	upload m.csv -j 1
	expect_status 1
	expect_row 2 failed rejected
	[ "$(field lade_code 2)" = 7 ]
	expect_row 3 uploaded ""
	expect_received 3
}

# many_of_one URL: a manifest of one URL, more often than rows may wait, with ok before and after it if
# there is a second word.
many_of_one() {
	{
		echo url,assetType
		[ -z "${2:-}" ] || echo "$ok,Image"
		yes "$1,Image" | head -3000
		echo "https://cdn.example.com/last.jpg,Image"
	} >m.csv
}

@test "403 for a row that more rows wait for than may: it is judged, and the run goes on" {
	serve
	many_of_one "$(fault a status:403,code:403)" judged
	upload m.csv
	expect_status 1
	says "3,002 rows: 2 uploaded, 3,000 failed"
	expect_received 3
	expect_row 3001 failed rejected
	expect_row 3002 uploaded ""
	# where nothing was accepted it is the key's
	rm m.results.csv
	many_of_one "$(fault a status:403,code:403)"
	upload m.csv
	expect_status 4
	says "refused the API key"
	expect_received 4
	[ "$(wc -l <m.results.csv)" -eq 1 ]
}

@test "misdirected: a redirect is never followed, exit 4 names its host" {
	serve
	manifest "$(fault a status:302,location:https:%2F%2Fevil.example%2Fx)" "$ok"
	upload m.csv -j 1
	expect_status 4
	says evil.example
	expect_received 1
	[ "$(wc -l <m.results.csv)" -eq 1 ]
}

# in_doubt WORDS CLASS: one row whose answer leaves it open, and one that is in order
in_doubt() {
	serve
	manifest "$(fault a "$1")" "$ok"
	upload m.csv -j 1 --timeout 1s
	expect_status 1
	expect_row 1 in_doubt "$2"
	expect_row 2 uploaded ""
	[ "$(received a.jpg)" -eq 1 ]
	expect_received 2
	# and a second run leaves it alone
	upload m.csv --timeout 1s
	expect_status 1
	expect_received 2
}

@test "in doubt: no answer in time" { in_doubt hang no_answer; }
@test "in doubt: closed without an answer (FIN)" { in_doubt drop no_answer; }
@test "in doubt: reset without an answer (RST)" { in_doubt drop,rst no_answer; }
@test "in doubt: the head cut off" { in_doubt cuthead bad_answer; }
@test "in doubt: the body cut off" { in_doubt cutbody no_answer; }
@test "in doubt: the body cut off, without a length" { in_doubt nolength,cutbody bad_answer; }
@test "in doubt: cut off in the status line" { in_doubt cut:12 no_answer; }
@test "in doubt: no HTTP" { in_doubt junkhttp no_answer; }
@test "in doubt: 502" { in_doubt status:502,body:html no_answer; }
@test "in doubt: 504" { in_doubt status:504,body:html no_answer; }
@test "in doubt: code 502" { in_doubt code:502 no_answer; }
@test "in doubt: 500 without the envelope" { in_doubt status:500,body:html bad_answer; }
@test "in doubt: 200 with code 0 and no id" { in_doubt id:none bad_answer; }
@test "in doubt: 200 with code 0 and an id that is null" { in_doubt id:null bad_answer; }
@test "in doubt: 200 with code 0 and an id that is a number" { in_doubt id:number bad_answer; }
@test "in doubt: an id with a blank in it" { in_doubt id:a%20b bad_answer; }
@test "in doubt: 200 that is no envelope" { in_doubt body:html bad_answer; }
@test "in doubt: 200 with an empty body" { in_doubt body:empty bad_answer; }
@test "in doubt: 200 with broken JSON" { in_doubt body:broken bad_answer; }
@test "in doubt: 200 with text behind the envelope" { in_doubt body:trailing bad_answer; }
@test "in doubt: 200 with two codes" { in_doubt body:dupcode bad_answer; }
@test "in doubt: 200 with 100,000 brackets" { in_doubt body:deep bad_answer; }
@test "in doubt: 200 with binary junk" { in_doubt body:junk bad_answer; }
@test "in doubt: over 1 MiB" { in_doubt body:huge no_answer; }
@test "in doubt: an id beside another code" { in_doubt code:1001,id:asset-1 bad_answer; }
@test "in doubt: code 0 beside 400" { in_doubt status:400 bad_answer; }

@test "in doubt: --in-doubt resend sends again, and counts" {
	serve
	manifest "$(fault a drop,times:1)" "$ok"
	upload m.csv -j 1 --in-doubt resend
	expect_status 0
	expect_row 1 uploaded ""
	[ "$(received a.jpg)" -eq 2 ]
	[ "$(field lade_attempts 1)" = 2 ]
}

@test "in doubt: lade retry leaves it, lade retry --in-doubt resend sends it" {
	serve
	manifest "$(fault a drop,times:1)" "$ok"
	upload m.csv -j 1
	retry m.results.csv
	expect_status 1
	[ "$(received a.jpg)" -eq 1 ]
	retry m.results.csv --in-doubt resend
	expect_status 0
	expect_row 1 uploaded ""
	[ "$(received a.jpg)" -eq 2 ]
	[ "$(field lade_attempts 1)" = 2 ]
}

# doubted ANSWER [options]: a row whose first sending may have been accepted; all others get ANSWER
doubted() {
	echo "a.jpg $1" >rules
	shift
	serve --rules rules
	manifest "$(fault a drop,times:1)" "$ok"
	upload m.csv -j 1 --in-doubt resend "$@"
}

@test "in doubt: a doubt that was re-sent stays one, whatever the re-sending came to" {
	for answer in "status:503;code:503" "code:1001;msg:no"; do
		rm -f m.results.csv
		doubted "$answer" --retries 1
		expect_status 1
		expect_row 1 in_doubt no_answer
		[ "$(field lade_attempts 1)" -ge 2 ]
		[ "$(field lade_code 1)" -gt 500 ]
		n=$(received a.jpg)
		upload m.csv
		expect_status 1
		[ "$(received a.jpg)" -eq "$n" ]
		# nor does the user's word for one more sending settle it
		retry m.results.csv --in-doubt resend --retries 0
		expect_row 1 in_doubt no_answer
		n=$(received a.jpg)
		retry m.results.csv
		[ "$(received a.jpg)" -eq "$n" ]
		stop_serving
	done
}

@test "in doubt: a run that stops before its re-sending is answered records it" {
	for answer in "status:429;retry-after:7200" "status:401;code:401" "status:403;code:403"; do
		rm -f m.results.csv
		doubted "$answer"
		[ "$status" -eq 6 ] || [ "$status" -eq 4 ] || [ "$answer" = "status:403;code:403" ]
		expect_row 1 in_doubt no_answer
		stop_serving
	done
}

@test "in doubt: a run that dies before its re-sending has succeeded records it" {
	echo "a.jpg status:503;code:503" >rules
	serve --rules rules
	manifest "$(fault a drop,times:1)" "$ok"
	(exec "$LADE" upload --base-url "$base" m.csv --in-doubt resend 2>killed) &
	pid=$!
	for _ in $(seq 100); do
		[ "$(awk -F '\t' '$7 == 503' journal | wc -l)" -eq 0 ] || break
		sleep 0.05
	done
	sleep 0.1
	kill -9 $pid
	wait $pid || true
	n=$(received a.jpg)
	upload m.csv
	expect_status 1
	expect_row 1 in_doubt no_answer
	[ "$(received a.jpg)" -eq "$n" ]
}

@test "not sent: a server that is not there fails no row; exit 6 after --outage-timeout" {
	serve
	stop_serving
	manifest "$ok" https://cdn.example.com/2.jpg
	upload m.csv --outage-timeout 4s
	expect_status 6
	says "127.0.0.1 is down (Failed to connect"
	says "longer than --outage-timeout: Failed to connect"
	says "1 pending"
	[ "$(wc -l <m.results.csv)" -eq 1 ]
}

@test "not sent: rows go out when the server is back" {
	serve
	stop_serving
	(sleep 2; exec "$STANDIN" --port "$(cat port)" --journal journal --max-runtime 60 >/dev/null 3>&-) &
	standin_pid=$!
	manifest "$ok" https://cdn.example.com/2.jpg
	upload m.csv
	expect_status 0
	expect_row 1 uploaded ""
	expect_row 2 uploaded ""
	expect_received 2
	[ "$(field lade_attempts 1)" = 1 ]
}

@test "silent re-send: a reused connection that dies gives one creation per row at most" {
	serve
	manifest $(for i in $(seq 15); do
		echo "https://cdn.example.com/ok$i.jpg"
		fault "$i" reused,drop,create,times:1
	done)
	upload m.csv -j 1
	expect_status 1
	[ "$(awk -F '\t' '$4 == "POST" { print $9 }' journal | sort | uniq -d | wc -l)" -eq 0 ]
	expect_received 30
	[ "$(awk -F '\t' '$8 != "-"' journal | wc -l)" -eq 30 ]
	[ "$(grep -c ,in_doubt, m.results.csv)" -eq 15 ]
	[ "$(grep -c ,uploaded, m.results.csv)" -eq 15 ]
}

@test "silent re-send: the same with RST and many at once" {
	serve
	manifest $(for i in $(seq 200); do fault "$i" reused,drop,rst,create; done)
	upload m.csv -j 16 --max-failures 100%
	expect_status 1
	[ "$(awk -F '\t' '$4 == "POST" { print $9 }' journal | sort | uniq -d | wc -l)" -eq 0 ]
	expect_received 200
}

@test "an outage that hangs puts in doubt what was in flight, and nothing more" {
	serve --outage 1:3:hang --outage-after-first --latency 20
	{
		echo url,assetType
		for i in $(seq 400); do echo "https://cdn.example.com/$i.jpg,Image"; done
	} >m.csv
	upload m.csv -j 4 --timeout 1s
	expect_status 1
	[ "$(grep -c ,in_doubt, m.results.csv)" -le 5 ]
	[ "$(grep -c ,uploaded, m.results.csv)" -ge 395 ]
	[ "$(asked)" -ge 1 ]
}

@test "an outage's question is answered by the envelope, whatever it says, and by nothing else" {
	echo 'GET status:404;body:html' >rules
	serve --rules rules
	manifest "$(fault a drop)" "$ok"
	upload m.csv -j 1 --outage-timeout 3s
	expect_status 6
	expect_received 1
	says "1 pending"
	says "is down (no envelope in the answer"
	[ "$(asked)" -ge 2 ]
	stop_serving
	for words in data:null code:7 code:-1; do
		rm -f m.results.csv
		echo "GET $words" >rules
		serve --rules rules
		upload m.csv -j 1 --outage-timeout 3s --retry-code -1
		expect_status 1
		expect_row 1 in_doubt no_answer
		expect_row 2 uploaded ""
		stop_serving
	done
}

@test "an outage of 503 fails no row" {
	serve --outage 0.3:2:503 --outage-after-first --latency 10
	{
		echo url,assetType
		for i in $(seq 300); do echo "https://cdn.example.com/$i.jpg,Image"; done
	} >m.csv
	upload m.csv -j 4 --retries 1
	expect_status 0
	[ "$(grep -c ,uploaded, m.results.csv)" -eq 300 ]
}

@test "an outage at a manifest's last row ends when the server is back" {
	serve
	for i in 1 2 3 4 5 6; do
		manifest "https://cdn.example.com/$i.jpg?fault=drop;times:1"
		upload m.csv -o "$i.csv" --in-doubt resend
		expect_status 0
		says "1 uploaded"
	done
	expect_received 12
}
