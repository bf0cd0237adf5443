"""Hooks for schemathesis: how to make safetensors files, and additional checks."""

import atexit
import json
import struct
from collections import Counter

import jsonschema_rs
import schemathesis
from hypothesis import strategies as st
from schemathesis.core.parameters import ParameterLocation

SAFETENSORS = "application/vnd.safetensors"

numbers = st.floats(min_value=-2, max_value=2, width=32)
sizes = st.integers(min_value=1, max_value=4)


def tensor(draw, dtype, shape):
    count = 1
    for size in shape:
        count *= size
    values = draw(st.lists(numbers, min_size=count, max_size=count))
    return dtype, shape, struct.pack(f"<{count}{'d' if dtype == 'F64' else 'f'}", *values)


def safetensors(tensors, document):
    header, data = {"__metadata__": {"request": json.dumps(document)}}, b""
    for name, (dtype, shape, content) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


@st.composite
def files(draw):
    """Requests with consistent shapes."""
    dtype = draw(st.sampled_from(["F64", "F32"]))
    samples, *units = draw(st.lists(sizes, min_size=3, max_size=5))
    tensors = {"batch.inputs": tensor(draw, dtype, [samples, units[0]])}
    layers = []
    for k, (inputs, outputs) in enumerate(zip(units, units[1:])):
        tensors[f"network.layers.{k}.weights"] = tensor(draw, dtype, [outputs, inputs])
        if draw(st.booleans()):
            tensors[f"network.layers.{k}.biases"] = tensor(draw, dtype, [outputs])
        layers.append(draw(st.sampled_from([{}, {"activation": "tanh"}, {"activation": "softmax"}, {"activation": "relu"}])))
    tensors["batch.targets"] = tensor(draw, dtype, [samples, units[-1]])
    names = ["outputs", "input_gradients", "per_sample_losses", "per_sample_gradients", "gradient_norms", "trace"]
    extras = st.sampled_from([*names, "per_sample_gradient_norms", "squared_gradients"])
    document = {
        "network": {"layers": layers},
        "loss": draw(st.sampled_from(["mse", "l1", "huber", "log_cosh"])),
        "include": draw(st.lists(extras, unique=True)),
    }
    return safetensors(tensors, document)


schemathesis.openapi.media_type(SAFETENSORS, files())


@schemathesis.deserializer(SAFETENSORS)
def as_text(_ctx, response):
    """In the OpenAPI document, a safetensors file is a binary string."""
    length = struct.unpack("<Q", response.content[:8])[0]
    tensors = json.loads(response.content[8 : 8 + length])
    assert {"loss", "divisor", "gradients.0.weights"} <= tensors.keys()
    return response.content.decode("latin-1")


@schemathesis.hook
def before_call(_ctx, case, _kwargs):
    """A request in safetensors gets an answer in safetensors."""
    if case.media_type == SAFETENSORS:
        case.headers = {**(case.headers or {}), "Accept": SAFETENSORS}


# What the schema does not say: that min_val is at most max_val, that an ignore_index could be a class, and which arrays of a batch go
# together, and with a dataset.
BATCH = ("inputs", "targets", "classes", "dataset", "rows", "indices")
CONSTRAINTS = ("/activation/max_val", "/activation/min_val", "/loss/ignore_index", *(f"/batch/{key}" for key in BATCH))


def fits(case):
    """Whether a request fits the schema. The requests that schemathesis calls positive may ignore dependentSchemas."""
    components = case.operation.schema.raw_schema["components"]
    schema = {"$ref": "#/components/schemas/GradientsRequest", "components": components}
    return jsonschema_rs.Draft202012Validator(schema).is_valid(case.body)


@schemathesis.check
def well_formed_is_understood(_ctx, response, case):
    """Replaces positive_data_acceptance: a request that fits the schema may be refused with 422 or 413, but not as invalid."""
    if case.meta is None or not case.meta.generation.mode.is_positive or case.path != "/gradients":
        return
    if response.status_code in (200, 413, 422) or not fits(case):
        return
    errors = response.json().get("errors", [])
    assert errors and all(error["pointer"].endswith(CONSTRAINTS) for error in errors), f"{response.status_code}: {response.text}"


def without_nulls(value):
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return value


def with_documented_targets(body):
    """The request with class indices under `classes`: the schema does not show that a flat list of targets means the same."""
    batch = body.get("batch") if isinstance(body, dict) else None
    if not isinstance(batch, dict) or not isinstance(batch.get("targets"), list) or isinstance(batch["targets"][0], list):
        return body
    targets = batch["targets"]
    return {**body, "batch": {**{key: item for key, item in batch.items() if key != "targets"}, "classes": targets}}


@schemathesis.check
def wrong_is_refused(_ctx, response, case):
    """
    Replaces negative_data_rejection: a request that does not fit the schema is refused, unless null stands for a missing key, or
    class indices are a list of targets.
    """
    if case.meta is None or case.path != "/gradients" or response.status_code != 200:
        return
    body = case.meta.components.get(ParameterLocation.BODY)
    # Preferences may be ignored, and so are headers that mean nothing here.
    if body is None or not body.mode.is_negative:
        return
    assert with_documented_targets(without_nulls(case.body)) != case.body, f"{response.status_code}: {case.body}"


answers = Counter()


@schemathesis.hook
def after_call(_ctx, case, response):
    answers[f"{case.method.upper()} {case.operation.path} {case.media_type or 'no body'} {response.status_code}"] += 1


atexit.register(lambda: print(f"answers: {json.dumps(answers, sort_keys=True)}", flush=True))
