# python3 examples/gradients.py [URL]: the article's example, with the standard library only.
import json, sys, urllib.request
url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:3000"
layers = [
    {"weights": [[0.1, 0.1]] * 3, "biases": [0.1] * 3, "activation": "tanh"},
    {"weights": [[0.1, 0.1, 0.1]] * 3, "biases": [0.1] * 3, "activation": "tanh"},
    {"weights": [[0.1, 0.1, 0.1]] * 2, "biases": [0.1] * 2},
]
batch = {"inputs": [[3, 2], [4, 5]], "targets": [[2, 1], [2, 2]], "samples": "columns"}
body = json.dumps({"network": {"layers": layers}, "batch": batch, "loss": "mse"}).encode()
request = urllib.request.Request(url + "/gradients", body, {"Content-Type": "application/json"})
answer = json.load(urllib.request.urlopen(request))
print(answer["loss"], answer["gradients"][2]["biases"])
