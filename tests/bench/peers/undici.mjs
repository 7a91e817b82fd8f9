// usage: undici.mjs ORIGIN PATH ROWS CONCURRENCY: as many POSTs, answers parsed
import { createRequire } from 'node:module';
const { Pool } = createRequire(process.env.NPM + '/')('undici');
const [, , origin, path, rows, concurrency] = process.argv;
const pool = new Pool(origin, { connections: +concurrency, pipelining: 1 });
let next = 0;
async function worker() {
	while (next < +rows) {
		const i = next++;
		const body = JSON.stringify({ assetType: 'Image', url: `https://cdn.example.com/media/${i}.jpg`, name: `Asset number ${i}` });
		const reply = await pool.request({ method: 'POST', path, body,
			headers: { 'content-type': 'application/json', authorization: 'Bearer bench-key' } });
		if ((await reply.body.json()).code !== 0) process.exit(1);
	}
}
await Promise.all(Array.from({ length: +concurrency }, worker));
await pool.close();
