# What every case uses: a folder of its own, a stand-in on a free port, and lade pointed at it.
# LADE and STANDIN name the two programs.
# In the middle of a case "! command" checks nothing (set -e passes over it): "! command || false" does.

setup() {
	cd "$BATS_TEST_TMPDIR" || exit 1
	export GLOBALAIOPC_API_KEY=sk-test-0123456789
	export NO_PROXY='*'
	unset CREDENTIALS_DIRECTORY
}

teardown() {
	[ -z "${standin_pid:-}" ] || kill "$standin_pid" 2>/dev/null || true
}

# serve [options of the stand-in]: starts it; $base is its base URL, the file journal what it got.
serve() {
	rm -f port
	"$STANDIN" --port-file port --journal journal --max-runtime 100 "$@" >/dev/null 3>&- &
	standin_pid=$!
	for _ in $(seq 100); do
		[ -s port ] && break
		sleep 0.02
	done
	base=http://127.0.0.1:$(cat port)/api
}

# stop_serving: ends the stand-in; a later serve --port "$(cat port)" comes back in its place.
stop_serving() {
	kill "$standin_pid"
	wait "$standin_pid" 2>/dev/null || true
	standin_pid=
}

# upload FILE [options]: runs lade upload; as bats' run, with standard error in the file err.
upload() {
	run lade upload --base-url "$base" "$@"
}

retry() {
	run lade retry --base-url "$base" "$@"
}

lade() {
	timeout 20 "$LADE" "$@" 2>err
	local status=$?
	cat err
	return $status
}

# urls N [SUFFIX]: N of them.
urls() { for i in $(seq "$1"); do echo "https://cdn.example.com/$i.jpg${2:-}"; done; }

# manifest URL...: a CSV with these urls, all images, as m.csv.
manifest() {
	{
		echo url,assetType,name
		printf '%s,Image,one\n' "$@"
	} >m.csv
}

# received [PATTERN]: how many POSTs the stand-in got, all or those that match.
received() {
	awk -F '\t' '$4 == "POST"' journal | grep -c -- "${1:-.}" || true
}

# asked: how many GETs.
asked() {
	awk -F '\t' '$4 == "GET"' journal | wc -l
}

# field COLUMN ROW [FILE]: a cell of a CSV, by column name; rows from 1, a line each.
field() {
	awk -v name="$1" -v row="$2" '
		# takes a line apart into cell[1..n]; quotes as RFC 4180 has them
		function cells(line, cell,   n, i, c, quoted) {
			n = 1; cell[1] = ""
			for (i = 1; i <= length(line); i++) {
				c = substr(line, i, 1)
				if (quoted && c == "\"" && substr(line, i + 1, 1) == "\"") {
					cell[n] = cell[n] c
					i++
				} else if (c == "\"") quoted = !quoted
				else if (c == "," && !quoted) cell[++n] = ""
				else cell[n] = cell[n] c
			}
			return n
		}
		NR == 1 { n = cells($0, head); for (i = 1; i <= n; i++) if (head[i] == name) at = i }
		NR == row + 1 { cells($0, value); print value[at] }' "${3:-m.results.csv}"
}

# expect_row ROW STATUS CLASS: what the results say of one row.
expect_row() {
	[ "$(field lade_status "$1")" = "$2" ] || { cat m.results.csv err >&2; return 1; }
	[ "$(field lade_errorClass "$1")" = "$3" ] || { cat m.results.csv err >&2; return 1; }
}

expect_status() {
	[ "$status" -eq "$1" ] || { echo "exit status $status" >&2; cat err >&2; return 1; }
}

expect_received() {
	[ "$(received)" -eq "$1" ] || { cat journal >&2; return 1; }
}

says() {
	grep -q -- "$1" err || { cat err >&2; return 1; }
}
