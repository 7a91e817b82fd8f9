# What the parts of `make bench` share. LADE, STANDIN, BARE, MEASURE, LIBCURL and CONTROLLER name the programs, NPM the
# folder with npm's packages. Everything that is started ends with the part.
# shellcheck shell=bash disable=SC2034 # used by the parts

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rounds=${ROUNDS:-5}
# the last processor is the clients', the one before it the server's
client=$(($(nproc) - 1))
server=$((client > 0 ? client - 1 : 0))
folder=$(mktemp -d "${TMPDIR:-/tmp}/lade-bench-XXXXXX")
pids=
finish() {
	# shellcheck disable=SC2086 # a list
	[ -z "$pids" ] || kill $pids 2>/dev/null || true
	wait
	rm -rf "$folder"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP
cd "$folder" || exit 1
export GLOBALAIOPC_API_KEY=bench-key LC_ALL=C NO_PROXY='*'
unset CREDENTIALS_DIRECTORY

on_client() { taskset -c "$client" "$@"; }

free_port() {
	/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start PORT COMMAND...: a server on its processor, until the part ends; waits until it takes connections.
start() {
	local port=$1
	shift
	taskset -c "$server" "$@" >/dev/null 2>server.log &
	pids="$pids $!"
	for _ in $(seq 100); do
		{ : </dev/tcp/127.0.0.1/"$port"; } 2>/dev/null && return
		sleep 0.05
	done
	cat server.log >&2
	exit 1
}

# serve_nginx: one worker; http on $port, https on $tls_port with the certificate cert.pem. Each POST is
# answered as the API does, with an id that nobody else gets.
serve_nginx() {
	port=$(free_port)
	tls_port=$(free_port)
	openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \
		-addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' 2>/dev/null
	cat >nginx.conf <<-END
		worker_processes 1; pid nginx.pid; error_log nginx.log error; daemon off; worker_rlimit_nofile 8192;
		events { worker_connections 4096; }
		http {
			access_log off; default_type application/json; client_body_temp_path body; proxy_temp_path t1;
			fastcgi_temp_path t2; uwsgi_temp_path t3; scgi_temp_path t4;
			keepalive_requests 100000000; keepalive_timeout 600s;
			server {
				listen 127.0.0.1:$port backlog=4096; listen 127.0.0.1:$tls_port ssl backlog=4096;
				ssl_certificate cert.pem; ssl_certificate_key key.pem; ssl_protocols TLSv1.2 TLSv1.3;
				location / { return 200 '{"code":0,"msg":null,"data":{"assetId":"asset-\$request_id"}}'; }
			}
		}
	END
	start "$port" nginx -p "$folder/" -c nginx.conf -e stderr
	base=http://127.0.0.1:$port/api
	tls_base=https://localhost:$tls_port/api
}

# serve_standin OPTIONS...: the tests' server, for answers that take their time.
serve_standin() {
	port=$(free_port)
	start "$port" "$STANDIN" --port "$port" --forget --max-runtime 900 "$@"
	base=http://127.0.0.1:$port/api
}

upload_path=/kyyVideo2/asset/upload

# manifest ROWS: m.csv
manifest() {
	awk -v n="$1" 'BEGIN { print "id,url,assetType,name"
		for (i = 0; i < n; i++) printf "%d,https://cdn.example.com/media/%07d.jpg,Image,Asset number %d\n", i, i, i }' >m.csv
}

# median N FILE
median() {
	awk -v c="$1" '{ print $c }' "$2" | sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

# goal NUMBER WHAT VALUE UNIT LIMIT least|most: a line of the table
goal() {
	awk -v g="$1" -v what="$2" -v value="$3" -v unit="$4" -v limit="$5" -v kind="$6" 'BEGIN {
		met = kind == "least" ? value >= limit : value <= limit
		printf "%-3s %-58s %9.4g %-9s %s %s %-8s %s\n", g, what, value, unit, kind == "least" ? "at least" : "at most ", limit, "", (met ? "met" : "NOT MET") }'
}

# note NUMBER WHAT VALUE UNIT: a line that is judged by nobody
note() { awk -v g="$1" -v what="$2" -v value="$3" -v unit="$4" 'BEGIN { printf "%-3s %-58s %9.4g %s\n", g, what, value, unit }'; }

# ratios A B: the median of column 1 of A over column 1 of B, round by round
ratios() {
	paste <(awk '{ print $1 }' "$1") <(awk '{ print $1 }' "$2") | awk '{ print $1 / $2 }' >ratios
	median 1 ratios
}
