#!/usr/bin/env bats
# What a record is the record of: it stays that whatever columns, formats and hands the results file
# goes through, so that nothing is sent twice and no id is lost.

load common

u=https://cdn.example.com

# again FILE [options]: the same upload once more, without the index that a run has left.
again() {
	rm -f ./*.index
	upload "$@"
}

# ---- columns of lade's that a results file gains ----

@test "a results file that gains lade_url keeps what its records were of" {
	serve
	printf 'url,name\n%s/1.jpg,"One, ""1"""\n%s/2.jpg,Two\n' $u $u >m.csv
	upload m.csv
	expect_status 0
	again m.csv --split-urls ';'
	expect_status 0
	says "2 skipped"
	! says "have no row"
	expect_received 2
	[ "$(field lade_url 2)" = $u/2.jpg ]
	[ "$(field name 1)" = 'One, "1"' ]
	printf 'link,title\n%s/3.jpg,Three\n' $u >b.csv
	upload b.csv --map url=link -o m.results.csv
	again m.csv -o m.results.csv
	expect_status 0
	says "2 skipped"
	expect_received 3
}

@test "a results file that gains lade_assetType keeps what its records were of, doubts too" {
	serve
	printf 'url,assetType\n%s/1.jpg,Document\n%s/2.bin?fault=drop;create,video\n' $u $u >m.csv
	upload m.csv
	expect_status 1
	says "1 in doubt"
	again m.csv --type Image
	expect_status 1
	says "1 skipped, 1 in doubt"
	expect_received 2
	[ "$(field lade_assetType 1)" = Document ]
	[ "$(field lade_assetType 2)" = Video ]
}

@test "a results file that gains lade_name sends the name that a row had" {
	serve
	printf 'url,name\n%s/1.jpg?fault=code:1302;times:1,First\n' $u >a.csv
	printf 'url,title\n%s/2.jpg,"Second, too"\n' $u >b.csv
	upload a.csv -o all.csv
	expect_status 1
	upload b.csv -o all.csv --map name=title
	expect_status 0
	[ "$(field lade_name 1 all.csv)" = First ]
	[ "$(field lade_name 2 all.csv)" = 'Second, too' ]
	retry all.csv
	expect_status 0
	[ "$(field lade_name 1 all.csv)" = First ]
	[ "$(received name.*First)" -eq 2 ]
}

# ---- columns that are like one another ----

@test "manifests whose headers differ in case alone share a results file" {
	serve
	printf 'url\n%s/1.jpg\n' $u >a.csv
	printf 'URL\n%s/2.jpg\n' $u >b.csv
	printf 'Url\n%s/3.jpg\n' $u >c.csv
	upload a.csv b.csv -o all.csv
	expect_status 0
	run lade review --once --base-url "$base" all.csv
	again a.csv b.csv -o all.csv
	expect_status 0
	says "2 skipped"
	upload b.csv c.csv -o all.csv
	expect_status 0
	says "1 uploaded, 1 skipped"
	upload b.csv c.csv -o new.csv
	expect_status 0
	expect_received 5
	again c.csv -o new.csv
	expect_status 0
	says "1 skipped"
	retry all.csv
	expect_status 0
	says "3 skipped"
	expect_received 5
}

@test "a header whose spelling changes between two runs" {
	serve
	printf 'url,assetType,name\n%s/1.bin,Image,One\n%s/2.bin?fault=code:1302;times:1,Image,Two\n' $u $u >m.csv
	upload m.csv
	expect_status 1
	sed -i '1s/.*/URL,Asset Type,Name/' m.csv
	again m.csv
	expect_status 1
	says "1 skipped, 1 failed"
	expect_received 2
	[ "$(field lade_name 2)" = Two ]
	retry m.results.csv
	expect_status 0
	[ "$(received name.*Two)" -eq 2 ]
	sed -i '1s/.*/url,assetType,name/' m.csv
	again m.csv
	expect_status 0
	says "2 skipped"
	expect_received 3
}

@test "a column that merely comes or goes needs none of lade's beside it" {
	serve
	printf 'url\n%s/1.jpg\n' $u >m.csv
	upload m.csv
	printf 'url,name\n%s/1.jpg,One\n%s/2.jpg,Two\n' $u $u >m.csv
	again m.csv
	says "1 uploaded, 1 skipped"
	printf 'url\n%s/1.jpg\n%s/2.jpg\n' $u $u >m.csv
	again m.csv
	says "2 skipped"
	! grep -q lade_name m.results.csv
}

# ---- JSON Lines ----

@test "columns without a name, or of one name, become members of different names" {
	serve
	printf 'url,assetType,,,a,a,a_6\n%s/1.jpg,Image,x,,p,q,r\n%s/2.jpg,Image,,y,,,\n' $u $u >m.csv
	upload m.csv -o r.ndjson --asset-map map.json
	expect_status 0
	[ "$(jq -c 'del(.[keys[] | select(startswith("lade_"))])' r.ndjson | head -1)" = \
		"{\"url\":\"$u/1.jpg\",\"assetType\":\"Image\",\"\":\"x\",\"_4\":\"\",\"a\":\"p\",\"a_13\":\"q\",\"a_6\":\"r\"}" ]
	[ "$(jq length map.json)" -eq 2 ]
	again m.csv -o r.ndjson
	expect_status 0
	says "2 skipped"
	expect_received 2
	run lade review --once --base-url "$base" r.ndjson
	run lade report r.ndjson
	grep -q "2 records: 2 uploaded" <<<"$output"
}

@test "what is no UTF-8 leaves JSON Lines that can be read" {
	serve
	printf 'link\n%s/1.jpg\n' $u >"$(printf 'caf\351.csv')"
	{
		printf 'link,title,assetType\n%s/\351.jpg,x,Image\n%s/2.jpg,caf\351,Image\n' $u $u
		printf '%s/3.jpg,t,\351\n%s/4.jpg,a\0b,Image\n%s/5.jpg,' $u $u $u
		head -c 1100000 /dev/zero | tr '\0' x
		printf ',Image\n%s/6.jpg,Six,Image\n' $u
	} >b.csv
	upload b.csv "$(printf 'caf\351.csv')" --map url=link -o r.ndjson
	expect_status 1
	says "2 uploaded, 5 invalid"
	iconv -f UTF-8 -t UTF-8 r.ndjson >/dev/null
	[ "$(jq -r 'select(.link == "'$u/1.jpg'") | .lade_manifest' r.ndjson)" = 'caf\xe9.csv' ]
	# nothing that the manifest never said can come of the others
	[ "$(jq -c 'select(.lade_status == "invalid") | [.link, .title, .lade_url, .lade_line]' r.ndjson | paste -sd ' ')" = \
		"[null,null,null,2] [null,null,null,3] [null,null,null,4] [null,null,null,5] [null,null,null,6]" ]
	retry r.ndjson
	expect_status 1
	says "2 skipped, 5 invalid"
	again b.csv "$(printf 'caf\351.csv')" --map url=link -o r.ndjson
	expect_status 1
	says "2 skipped, 5 invalid"
	! says "no row"
	expect_received 2
	[ "$(wc -l <r.ndjson)" -eq 7 ]
	run lade report r.ndjson
	grep -q "7 records: 2 uploaded, 5 invalid" <<<"$output"
	# of a row that has a record already, that stays
	cp r.ndjson before
	sed -i "$(printf 's/,Six,/,S\351x,/')" b.csv
	upload b.csv "$(printf 'caf\351.csv')" --map url=link -o r.ndjson
	says "1 skipped, 6 invalid"
	cmp r.ndjson before
}

@test "a number of lade's that a person made a word stays JSON" {
	serve
	printf '{"url":"%s/1.jpg"}\n' $u >m.ndjson
	upload m.ndjson
	expect_status 0
	sed -i 's/"lade_line":1/"lade_line":"row 1"/; s/"lade_attempts":1/"lade_attempts":"007"/' m.results.ndjson
	run lade review --once --base-url "$base" m.results.ndjson
	[ "$(jq -c '[.lade_line, .lade_attempts, .lade_httpStatus]' m.results.ndjson)" = '["row 1","007",200]' ]
	upload m.ndjson
	expect_status 0
	says "1 skipped"
}

@test "a JSON record that cannot be read stops with its line, and is nothing to be sent" {
	serve
	printf '{"url":"%s/1.jpg","a":1,"a":2,"lade_status":"uploaded","lade_assetId":"x-1"}\n' $u >twins
	printf '{"link":"%s/1.jpg","lade_status":"uploaded","lade_assetId":"x-1"}\n' $u >no_url
	printf '{"url":7,"lade_status":"in_doubt","lade_errorClass":"no_answer"}\n' >odd_url
	printf '"%s/1.jpg"\n' $u >bare
	for bad in twins no_url odd_url bare; do
		{
			printf '{"url":"%s/0.jpg","lade_status":"failed","lade_errorClass":"rejected"}\n' $u
			cat $bad
		} >r.ndjson
		printf 'url\n%s/1.jpg\n' $u >m.csv
		cp r.ndjson before
		upload m.csv -o r.ndjson
		expect_status 3
		says "r.ndjson:2: "
		retry r.ndjson
		expect_status 3
		says "r.ndjson:2: "
		run lade review --once --base-url "$base" r.ndjson
		expect_status 3
		cmp r.ndjson before
	done
	expect_received 0
	for bad in twins no_url odd_url bare; do
		{ head -1 before; cat $bad; } >r.ndjson
		run lade report r.ndjson
		expect_status 3
		says "r.ndjson:2: "
		run lade report --merge all.ndjson r.ndjson
		expect_status 3
		[ ! -e all.ndjson ]
	done
	# in CSV, too; what is no asset and no doubt may lack it
	printf 'url,assetType,lade_status,lade_assetId,lade_errorClass\n,Image,invalid,,invalid_row\n' >r.csv
	run lade report r.csv
	expect_status 0
	echo ,Image,uploaded,x-1, >>r.csv
	run lade report r.csv
	expect_status 3
	says "r.csv:3: lade_status is uploaded, but the url is empty"
}

@test "a whole record that is wrong is not taken for one that was cut off" {
	serve
	printf '{"url":"%s/1.jpg"}\n{"url":"%s/2.jpg"}\n' $u $u >m.ndjson
	upload m.ndjson
	sed '2s/"url"/"a":1,"a":2,"url"/' m.results.ndjson | head -c -1 >r.ndjson
	cp r.ndjson before
	upload m.ndjson -o r.ndjson
	expect_status 3
	says "r.ndjson:2:.* has two members of one name"
	cmp r.ndjson before
	run lade report r.ndjson
	expect_status 3
	run lade report --merge all.ndjson r.ndjson
	expect_status 3
	# one that was cut off, in the middle of a character, is dropped
	printf '{"url":"%s/3.jpg","lade_message":"caf\303' $u >>m.results.ndjson
	upload m.ndjson
	expect_status 0
	says "2 skipped"
	[ "$(wc -l <m.results.ndjson)" -eq 2 ]
	expect_received 2
}

@test "an id that is a number is one for every command" {
	serve
	printf '{"url":"%s/1.jpg","lade_status":"uploaded","lade_assetId":12345}\n' $u >r.ndjson
	printf 'url\n%s/1.jpg\n' $u >m.csv
	upload m.csv -o r.ndjson --asset-map map.json
	expect_status 0
	says "1 skipped"
	expect_received 0
	[ "$(jq -c . map.json)" = "{\"$u/1.jpg\":\"12345\"}" ]
	printf '{"url":"%s/1.jpg","lade_status":7}\n' $u >r.ndjson
	upload m.csv -o r.ndjson
	expect_status 3
	says "r.ndjson:1: lade_status: 7 is none of"
}

# ---- files that no record can be added to ----

@test "a JSON manifest and results that are CSV do not go together" {
	serve
	printf 'url\n%s/1.jpg\n' $u >a.csv
	printf '["%s/2.jpg"]\n' $u >b.json
	upload a.csv -o out
	expect_status 0
	cp out before
	upload b.json -o out
	expect_status 3
	says "out is CSV, and a JSON manifest gives NDJSON results"
	upload a.csv b.json -o out
	expect_status 3
	cmp out before
	expect_received 1
}

@test "results that are a JSON array or compressed are read, not written" {
	serve
	printf 'url\n%s/1.jpg\n%s/2.jpg?fault=code:1302;times:1\n' $u $u >m.csv
	upload m.csv -o r.ndjson
	jq -s . r.ndjson >array.json
	gzip -k r.ndjson
	for file in array.json r.ndjson.gz; do
		cp $file before
		upload m.csv -o $file
		expect_status 3
		says "$file is"
		retry $file
		expect_status 3
		run lade review --once --base-url "$base" $file
		expect_status 3
		cmp $file before
		run lade report $file
		grep -q "2 records: 1 uploaded, 1 failed" <<<"$output"
	done
	upload m.csv -o array.json
	says "array.json is one JSON value.* jq -c '.\[\]'"
	expect_received 2
	# what it says helps
	jq -c '.[]' array.json >new.ndjson
	retry new.ndjson
	expect_status 0
	expect_received 3
}

# ---- line ends ----

# as_lade_writes: a CSV with the columns url, note, lade_status, lade_errorClass and lade_assetId on
# standard input, with all columns that a results file has.
as_lade_writes() {
	header=lade_reviewStatus,lade_httpStatus,lade_code,lade_message,lade_attempts,lade_sentAt,lade_finishedAt,lade_durationMs,lade_line
	echo url,note,lade_status,lade_errorClass,lade_assetId,lade_assetType,$header
	sed "s/;/,Image$(tr -cd , <<<$header),/g"
}

@test "a results file in which a line further down ends on a CR alone" {
	serve
	{
		yes "$u/0.jpg,\"a
b\",uploaded,,x-1;" | head -6000
		printf '%s/1.jpg,,failed,rejected,;\r%s/2.jpg,"c\rd",failed,rejected,;\r\n' $u $u
		printf '%s/3.jpg,,failed,rejected,;\n' $u
	} | as_lade_writes >r.csv
	retry r.csv
	expect_status 0
	says "3 uploaded, 3,000 skipped"
	expect_received 3
	retry r.csv
	expect_status 0
	says "3,003 skipped"
	[ "$(tr -cd '\r' <r.csv | wc -c)" -eq 1 ]
	# a CR inside quotation marks is none: the file is left as it is
	rm -f ./*.index
	before=$(stat -c %i r.csv)
	retry r.csv
	[ "$(stat -c %i r.csv)" = "$before" ]
}

@test "a results file of which every line ends on a CR alone, or the first" {
	serve
	printf '%s/%s.jpg,,failed,rejected,;\n' $u 1 $u 2 | as_lade_writes >lf.csv
	tr '\n' '\r' <lf.csv >r.csv
	retry r.csv
	expect_status 0
	expect_received 2
	tr '\n' '\r' <lf.csv | sed 's/\r$/\n/' >r.csv
	run lade retry --base-url "$base" --limit 1 r.csv
	expect_status 6
	[ "$(wc -l <r.csv)" -eq 3 ]
}
