# usage: aio.py URL ROWS CONCURRENCY: as many POSTs with aiohttp, answers parsed
import asyncio, sys
import aiohttp
try:
    import uvloop
    uvloop.install()
except ImportError:
    pass
url, rows, concurrency = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

async def main():
    todo = iter(range(rows))
    headers = {"Authorization": "Bearer bench-key"}
    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        async def worker():
            for i in todo:
                body = {"assetType": "Image", "url": f"https://cdn.example.com/media/{i}.jpg", "name": f"Asset {i}"}
                async with session.post(url, json=body) as reply:
                    assert (await reply.json())["code"] == 0
        await asyncio.gather(*(worker() for _ in range(concurrency)))

asyncio.run(main())
