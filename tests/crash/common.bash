# What the crash tests share. LADE, STANDIN and HOOK name the two programs and the library.

export GLOBALAIOPC_API_KEY=sk-test-0123456789 NO_PROXY='*' LC_ALL=C
unset CREDENTIALS_DIRECTORY

# serve FOLDER [options]: starts a stand-in that keeps its port and its journal in the folder.
serve() {
	local folder=$1
	shift
	"$STANDIN" --port-file "$folder/port" --journal "$folder/received" "$@" >/dev/null &
	standin=$!
	trap 'kill "$standin" 2>/dev/null' EXIT
	for _ in $(seq 200); do
		[ -s "$folder/port" ] && return
		sleep 0.02
	done
	echo "the stand-in does not start" >&2
	exit 1
}

# scenario PREFIX FORMAT PART: a manifest; part "first" is what was there the day before.
scenario() {
	local cdn=https://cdn.example.com/$1
	{
		echo "$cdn/there.jpg"
		echo "$cdn/rejected-before.jpg?fault=code:5"
		echo "$cdn/unavailable-before.jpg?fault=status:503;body:html;times:1"
		[ "$3" = first ] || cat <<-END
			$cdn/slow.jpg?fault=delay:30
			$cdn/new.jpg
			$cdn/new.jpg
			$cdn/retried.jpg?fault=status:503;body:html;times:1
			$cdn/rejected.jpg?fault=code:1001
			$cdn/dropped.jpg?fault=drop;times:1
			$cdn/dropped.jpg?fault=drop;times:1
			https:///invalid.jpg
			$cdn/slower.jpg?fault=delay:60
		END
	} | if [ "$2" = csv ]; then
		echo n,url
		awk '{ print NR "," $0 }'
	else
		awk '{ printf "{\"n\": %d, \"url\": \"%s\"}\n", NR, $0 }'
	fi
}

# states FILE: of a results file, a line each, by number: number, status, class, url without its prefix.
states() {
	case $1 in
	*.csv)
		awk -F , 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
			{ c = $at["lade_errorClass"]; print $at["n"], $at["lade_status"], c ? c : "-", $at["url"] }' "$1"
		;;
	*) jq -r '[.n, .lade_status, .lade_errorClass // "-", .url] | map(tostring) | join(" ")' "$1" ;;
	esac | sed 's|https://cdn.example.com/[^/]*/|/|' | sort -n
}

# created FOLDER PREFIX: how often an asset was made, for each url of a prefix: "count url".
created() {
	awk -F '\t' -v prefix="/$2/" '$8 != "-" && index($9, prefix) { n[$9]++ }
		END { for (url in n) print n[url], url }' "$1/received"
}

# sent FOLDER PREFIX: requests for a prefix.
sent() {
	awk -F '\t' -v prefix="/$2/" '$4 == "POST" && index($9, prefix) { n++ } END { print n + 0 }' "$1/received"
}
