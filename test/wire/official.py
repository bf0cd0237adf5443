"""Converts a JSON request by the official safetensors library, sends it, and prints the answer as that library reads it."""
import json
import sys
import urllib.request

import numpy
from safetensors.numpy import load, save

url, dtype, text = sys.argv[1:]
tensors = {}


def take_tensors(value, path):
    """Moves the arrays of numbers of a document to `tensors`; returns the rest."""
    if isinstance(value, dict):
        rest = {key: take_tensors(item, path + [key]) for key, item in value.items()}
        return {key: item for key, item in rest.items() if item is not None}
    if not isinstance(value, list) or isinstance(value[0], str):
        return value
    if isinstance(value[0], dict):
        return [take_tensors(item, path + [str(i)]) for i, item in enumerate(value)]
    name = ".".join(path)
    array = numpy.array(value)
    is_classes = name == "batch.targets" and array.ndim == 1
    tensors[name] = array.astype("int64" if is_classes else dtype)
    return None


document = take_tensors(json.loads(text), [])
body = save(tensors, metadata={"request": json.dumps(document)})
media_type = "application/vnd.safetensors"
request = urllib.request.Request(url, body, {"Content-Type": media_type, "Accept": media_type})
with urllib.request.urlopen(request) as response:
    answer = load(response.read())
print(
    json.dumps(
        {
            "dtypes": sorted({str(array.dtype) for array in answer.values()}),
            "tensors": {name: array.tolist() for name, array in answer.items()},
        }
    )
)
