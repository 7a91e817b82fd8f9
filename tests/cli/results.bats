#!/usr/bin/env bats
# Results files: versions, limits, several manifests, manifests that change, maps, other formats.

load common

@test "--version-column uploads what changed again and keeps the id that was there" {
	serve
	printf 'url,updated_at\nhttps://cdn.example.com/1.jpg,a\nhttps://cdn.example.com/2.jpg,a\nhttps://cdn.example.com/3.jpg,\nhttps://cdn.example.com/1.jpg,x\n' >m.csv
	upload m.csv --version-column updated_at
	expect_status 0
	expect_received 3
	old=$(field lade_assetId 1)
	sed -i '2s/,a/,b/; 4s/,$/,c/; 5s/,x/,y/' m.csv
	upload m.csv --version-column updated_at
	expect_status 0
	says "1 uploaded, 2 skipped, 1 duplicate"
	expect_received 4
	[ "$(field lade_previousAssetId 1)" = "$old" ]
	[ "$(field lade_assetId 1)" != "$old" ]
	# the duplicate has the new id, an empty recorded value is filled in without a sending
	[ "$(field lade_assetId 4)" = "$(field lade_assetId 1)" ]
	[ "$(field updated_at 3)" = c ]
	[ -n "$(field lade_assetId 3)" ]
	upload m.csv --version-column updated_at
	expect_status 0
	expect_received 4
}

@test "--version-column: a sending that fails leaves no id, and the next run tries again" {
	serve
	cat >m.ndjson <<-'END'
		{"url": "https://cdn.example.com/1.jpg?fault=status:503;body:html;from:2;times:2", "rev": 1}
	END
	upload m.ndjson --version-column rev
	expect_status 0
	old=$(jq -r .lade_assetId m.results.ndjson)
	sed -i 's/"rev": 1/"rev": 2/' m.ndjson
	upload m.ndjson --version-column rev --retries 0
	expect_status 1
	[ "$(jq -c '[.rev, .lade_status, .lade_assetId, .lade_previousAssetId]' m.results.ndjson)" = \
		"[2,\"failed\",null,\"$old\"]" ]
	upload m.ndjson --version-column rev
	expect_status 0
	[ "$(jq -r .lade_previousAssetId m.results.ndjson)" = "$old" ]
	[ "$(jq -r .lade_status m.results.ndjson)" = uploaded ]
	upload m.ndjson --version-column revision
	expect_status 0
	printf 'url,rev\nhttps://cdn.example.com/1.jpg,1\n' >n.csv
	upload n.csv --version-column rew
	expect_status 3
	says "no column rew (--version-column); did you mean rev?"
}

@test "--version-column: a renewal that failed is not forgotten for another row that kept the old id" {
	serve
	for answer in "status:503;code:503" "drop;create"; do
		rm -f m.results.csv
		url="https://cdn.example.com/${answer%%[:;]*}.jpg?fault=$answer;from:2;times:2"
		printf 'url,rev\n%s,a\n%s,a\n' "$url" "$url" >m.csv
		upload m.csv --version-column rev
		expect_status 0
		old=$(field lade_assetId 1)
		sed -i '2s/,a/,b/; 3d' m.csv
		upload m.csv --version-column rev --retries 0
		expect_status 1
		[ "$(field lade_previousAssetId 1)" = "$old" ]
		[ "$(field lade_assetId 2)" = "$old" ]
		before=$(received "$answer")
		if [ "$answer" = "drop;create" ]; then
			for command in "upload m.csv --version-column rev" "retry m.results.csv"; do
				$command
				expect_status 1
				says "1 in doubt"
			done
			[ "$(received "$answer")" -eq "$before" ]
			retry m.results.csv --in-doubt resend
		else
			upload m.csv --version-column rev
		fi
		expect_status 0
		says "1 uploaded"
		[ "$(received "$answer")" -eq $((before + 1)) ]
		[ "$(field lade_assetId 1)" != "$old" ]
		upload m.csv --version-column rev
		expect_status 0
		says "1 skipped"
		[ "$(received "$answer")" -eq $((before + 1)) ]
	done
}

@test "--new-only leaves all recorded rows alone" {
	serve
	manifest "https://cdn.example.com/a.jpg?fault=status:503;body:html;times:1" https:///bad.jpg
	upload m.csv --retries 0
	expect_status 1
	echo https://cdn.example.com/new.jpg,Image,new >>m.csv
	upload m.csv --new-only
	expect_status 0
	says "1 uploaded, 2 skipped"
	expect_received 2
	upload m.csv
	expect_status 1
	says "1 uploaded, 2 skipped\|1 uploaded, 1 skipped, 1 invalid"
	expect_received 3
}

@test "--limit and --deadline end with 6 only where rows are left" {
	serve --latency 100
	manifest $(urls 5)
	upload m.csv --limit 2
	expect_status 6
	says "stopped at --limit"
	says "2 uploaded, 1 pending"
	expect_received 2
	upload m.csv --limit 3
	expect_status 0
	expect_received 5
	manifest $(urls 9)
	upload m.csv -j 1 --deadline 250ms
	expect_status 6
	says "stopped at --deadline"
	[ "$(received)" -lt 9 ]
	upload m.csv --deadline "$(date -d '+2 hours' +%H:%M)"
	expect_status 0
	expect_received 9
	for wrong in 24:00 6:30 06:60 soon -5m; do
		upload m.csv --deadline "$wrong"
		expect_status 2
	done
}

@test "--asset-map writes each url once, with asset:// if that is wanted" {
	serve
	manifest $(urls 2) https://cdn.example.com/1.jpg "https://cdn.example.com/x.jpg?fault=code:5"
	echo "https://cdn.example.com/1.jpg,Document,again" >>m.csv
	upload m.csv --asset-map map.json
	expect_status 1
	[ "$(jq -r 'length' map.json)" = 2 ]
	[ "$(jq -r '."https://cdn.example.com/1.jpg"' map.json)" = "$(field lade_assetId 1)" ]
	[ "$(grep -c cdn map.json)" -eq 2 ]
	[ "$(stat -c %a map.json)" = 600 ]
	upload m.csv --asset-map map.json --asset-uris
	[ "$(jq -r '."https://cdn.example.com/2.jpg"' map.json)" = "asset://$(field lade_assetId 2)" ]
	upload m.csv --asset-map /nonexistent/map.json
	expect_status 5
	upload m.csv --asset-uris
	expect_status 2
	says "--asset-uris goes with --asset-map"
}

@test "several manifests into one results file: columns of all, place of each row" {
	serve
	printf 'sku,url\n1,https://cdn.example.com/1.jpg\n2,https://cdn.example.com/2.jpg?fault=code:5\n' >a.csv
	printf 'url;Farbe;assetType\nhttps://cdn.example.com/3.jpg;rot;Image\nhttps://cdn.example.com/1.jpg;blau;Image\n' >b.csv
	upload a.csv b.csv
	expect_status 2
	says "several manifests need -o"
	upload a.csv b.csv -o all.csv
	expect_status 1
	says "rejected, code 5: .*(a.csv:3)"
	expect_received 3
	[ "$(head -1 all.csv | cut -d , -f 1-5)" = sku,url,Farbe,assetType,lade_assetType ]
	[ "$(field lade_manifest 3 all.csv):$(field lade_line 3 all.csv)" = b.csv:2 ]
	[ "$(field Farbe 4 all.csv)" = blau ]
	[ "$(field lade_status 4 all.csv)" = duplicate ]
	upload b.csv a.csv -o all.csv
	expect_status 1
	expect_received 3
	upload a.csv all.csv -o other.csv
	expect_status 2
	says "all.csv is a results file"
	echo '[{"url":"https://cdn.example.com/9.jpg"}]' >c.json
	upload a.csv c.json -o mixed.ndjson
	expect_status 1
	[ "$(jq -r '[.lade_manifest, .lade_line] | join(":")' mixed.ndjson | paste -sd ' ')" = "a.csv:2 a.csv:3 c.json:1" ]
	retry mixed.ndjson
	[ "$(jq -r '[.lade_manifest, .lade_line] | join(":")' mixed.ndjson | paste -sd ' ')" = "a.csv:2 a.csv:3 c.json:1" ]
}

@test "a manifest that changed: what was there is kept, what is new is gained, what left is said" {
	serve
	printf 'a,url,b\n1,https://cdn.example.com/1.jpg,x\n2,https://cdn.example.com/2.jpg?fault=status:503;body:html;times:1,y\n3,https://cdn.example.com/3.jpg,z\n' >m.csv
	upload m.csv --retries 0
	expect_status 1
	printf 'url,c,a\nhttps://cdn.example.com/4.jpg,new,4\nhttps://cdn.example.com/2.jpg?fault=status:503;body:html;times:1,now,22\nhttps://cdn.example.com/1.jpg,now,11\n' >m.csv
	upload m.csv
	expect_status 0
	says "1 record has no row in the manifest any more; it stays"
	[ "$(head -1 m.results.csv | cut -d , -f 1-3)" = a,url,b ]
	# record 1 was skipped: byte for byte but for the new column; record 2 was sent: what the
	# manifest dropped it keeps
	[ "$(field a 1),$(field b 1),$(field c 1)" = 1,x, ]
	[ "$(field a 2),$(field b 2),$(field c 2)" = 22,y,now ]
	[ "$(field a 3),$(field b 3)" = 3,z ]
	[ "$(field a 4),$(field b 4),$(field c 4)" = 4,,new ]
}

@test "retry takes several results files, and --only review_failed" {
	serve
	manifest "https://cdn.example.com/a.jpg?fault=code:5;times:1"
	upload m.csv -o one.csv
	manifest https://cdn.example.com/b.jpg "https://cdn.example.com/c.jpg?fault=code:5"
	upload m.csv -o two.csv
	retry one.csv two.csv
	expect_status 1
	expect_received 5
	[ "$(field lade_status 1 one.csv)" = uploaded ]
	old=$(field lade_assetId 1 two.csv)
	awk -F , -v OFS=, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "lade_reviewStatus") at = i } NR == 2 { $at = "Failed" } 1' two.csv >t
	cp t two.csv
	retry two.csv
	expect_received 6
	retry two.csv --only review_failed
	expect_status 1
	says "1 uploaded, 1 failed"
	expect_received 7
	[ "$(field lade_previousAssetId 1 two.csv)" = "$old" ]
	[ "$(field lade_assetId 1 two.csv)" != "$old" ]
	[ -z "$(field lade_reviewStatus 1 two.csv)" ]
}

@test "--sync: what is promised is written in each way" {
	serve
	for sync in always 1s none; do
		rm -f m.results.csv
		manifest $(urls 20 "?$sync")
		upload m.csv --sync $sync
		expect_status 0
		[ "$(grep -c ,uploaded, m.results.csv)" -eq 20 ]
	done
	expect_received 60
	upload m.csv --sync often
	expect_status 2
}

@test "a CSV manifest into JSON Lines and TSV" {
	serve
	manifest $(urls 3)
	upload m.csv -o r.ndjson
	expect_status 0
	[ "$(jq -r .lade_status r.ndjson | grep -c uploaded)" -eq 3 ]
	upload m.csv -o r.ndjson
	expect_status 0
	upload m.csv -o r.tsv
	expect_status 0
	[ "$(head -1 r.tsv | cut -f 3)" = name ]
	upload m.csv -o noname --output-format tsv
	expect_status 0
	cmp <(head -1 noname) <(head -1 r.tsv)
}

# letters N CHARACTER: so many of it.
letters() {
	head -c "$1" /dev/zero | tr '\0' "$2"
}

@test "a row as long as a row may be: its record is longer, and is read again" {
	serve
	{
		echo url,a,b,c,d
		printf 'https://cdn.example.com/1.jpg,'
		letters 1048576 a && echo -n , && letters 1048576 b && echo -n , && letters 1048576 c && echo -n ,
		letters 1048541 d && echo
	} >m.csv
	[ "$(sed 1d m.csv | wc -c)" -eq 4194303 ]
	for _ in 1 2; do
		upload m.csv
		expect_status 0
	done
	says "1 skipped"
	upload m.csv -o n.ndjson
	expect_status 0
	retry m.results.csv n.ndjson
	expect_status 0
	run lade report m.results.csv
	expect_status 0
	[[ $output == *"1 record: 1 uploaded"* ]]
	# escapes make a record several times as long
	{
		echo url,a
		printf 'https://cdn.example.com/2.jpg,'
		letters 800000 '\001' && echo
	} >m.csv
	rm m.results.csv
	for file in m.results.csv n.ndjson; do
		for _ in 1 2; do
			upload m.csv -o $file
			expect_status 0
		done
		says "1 skipped"
		retry $file
		expect_status 0
	done
	[ "$(wc -l <n.ndjson)" -eq 2 ]
}

@test "a long record is read wherever a results file is, also where it gets a column" {
	serve
	{ echo url,a && printf 'https://cdn.example.com/1.jpg,' && letters 1000000 '\001' && echo; } >m.csv
	upload m.csv -o n.ndjson
	expect_status 0
	[ "$(wc -c <n.ndjson)" -gt 6000000 ]
	upload n.ndjson
	expect_status 0
	says "1 skipped"
	upload --strict n.ndjson
	expect_status 0
	run lade check n.ndjson
	expect_status 0
	{ echo url,a,b,c,d && printf 'https://cdn.example.com/1.jpg'
		for c in a b c d; do printf , && letters 1048567 $c; done && echo; } >m.csv
	upload m.csv
	expect_status 0
	[ "$(sed 1d m.results.csv | wc -c)" -gt 4194304 ]
	upload m.csv --split-urls ';'
	expect_status 0
	says "1 skipped"
	[ "$(field lade_url 1)" = https://cdn.example.com/1.jpg ]
	expect_received 2
	# what is no results file has its own limit
	{ printf '{"url":"https://cdn.example.com/2.jpg","a":"' && letters 4300000 a && echo '"}'; } >m.ndjson
	upload m.ndjson
	expect_status 3
	says "4 MiB"
	run lade check m.ndjson
	expect_status 3
}

@test "a file to be written is none that is read, kept or written otherwise" {
	serve
	manifest $(urls 2)
	cp m.csv before.csv
	upload m.csv
	cp m.results.csv results
	ln -s m.results.csv link.csv
	umask 077
	echo secret-key >key
	for option in --asset-map --summary-json --metrics-file --log-json; do
		for file in m.csv m.results.csv ./link.csv key; do
			upload m.csv $option $file --key-file key
			expect_status 2
			says "lade: $option: $file is .*; name another file"
		done
		upload m.csv -o new.csv $option ./new.csv
		expect_status 2
		says "is where the results go"
		[ ! -e new.csv ]
		upload m.csv -o new.csv --summary-json both.json $option both.json --log-json log.json --metrics-file log.json
		expect_status 2
		[ ! -e both.json ] && [ ! -e log.json ]
	done
	# nor one that lies where lade keeps what belongs to results
	for option in --asset-map --summary-json --metrics-file --log-json; do
		for file in .journal .index; do
			upload m.csv $option ./m.results.csv$file
			expect_status 2
			says "is kept for lade's own use beside results of that name; name another file"
			upload m.csv -o link.csv $option m.results.csv$file
			expect_status 2
			upload m.csv -o new.csv $option new.csv$file
			expect_status 2
			[ ! -e new.csv$file ]
		done
	done
	for option in --summary-json --metrics-file --log-json; do
		retry m.results.csv $option m.results.csv.journal
		expect_status 2
		[ ! -e m.results.csv.journal ]
		retry m.results.csv $option link.csv
		expect_status 2
		run lade review --base-url "$base" $option m.results.csv m.results.csv
		expect_status 2
	done
	cmp m.csv before.csv
	cmp m.results.csv results
	[ "$(cat key)" = secret-key ]
	expect_received 2
	upload m.csv --summary-json /dev/null --log-json /dev/null --metrics-file /dev/null
	expect_status 0
}

@test "report --merge takes no file twice, by whatever name" {
	serve
	manifest $(urls 2)
	upload m.csv
	ln -s m.results.csv link.csv
	for file in m.results.csv ./m.results.csv link.csv; do
		run lade report --merge all.csv m.results.csv $file
		expect_status 2
		says "lade: $file: is named twice: name each file once"
		[ ! -e all.csv ]
	done
}

@test "results of a night without a row are results" {
	serve
	: >m.ndjson
	upload m.ndjson
	expect_status 0
	for command in "retry" "review --once"; do
		run lade $command --base-url "$base" m.results.ndjson
		expect_status 0
		[ ! -s m.results.ndjson ]
	done
	run lade report m.results.ndjson
	expect_status 0
	echo '{"url":"https://cdn.example.com/1.jpg"}' >m.ndjson
	upload m.ndjson
	expect_status 0
	says "1 uploaded"
	[ "$(jq -r .lade_status m.results.ndjson)" = uploaded ]
	# a manifest is none
	retry m.ndjson
	expect_status 3
	says "m.ndjson is no results file"
	run lade review --once --base-url "$base" m.ndjson
	expect_status 3
	[ "$(grep -c "m.ndjson is no results file" err)" = 1 ]
	[ "$(grep -o m.ndjson err | wc -l)" = 1 ]
}
