// usage: duckdb.mjs THREADS: how many rows of m.csv are not in m.results.csv
import { createRequire } from 'node:module';
const { DuckDBInstance } = createRequire(process.env.NPM + '/')('@duckdb/node-api');
const db = await DuckDBInstance.create(':memory:', { threads: process.argv[2] });
const run = await (await db.connect()).runAndReadAll(`select count(*) from read_csv('m.csv', header = true, all_varchar = true) m
	anti join read_csv('m.results.csv', header = true, all_varchar = true) r on m.url = r.url and m.assetType = r.assetType`);
console.log(String(run.getRows()[0][0]));
