"""A worker without an OpenTelemetry SDK: it makes its span from the traceparent that came with the call."""

import json
import secrets

import quartet_worker


@quartet_worker.function("otel_test.caption")
def caption(text):
    fields = json.loads(quartet_worker.context().values["otel"])
    _version, trace, parent, _flags = fields["traceparent"].split("-")
    return {
        "Name": "caption in Python",
        "Trace": trace,
        "Span": secrets.token_hex(8),
        "Parent": parent,
        "Baggage": fields.get("baggage", ""),
    }
