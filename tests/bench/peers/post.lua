-- wrk: one fixed POST of the size of ours
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer bench-key"
wrk.body = '{"assetType":"Image","url":"https://cdn.example.com/media/0000001.jpg","name":"Asset number 1"}'
