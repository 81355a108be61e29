"""Smithy RPC v2 CBOR for services that moto only serves in their older query protocol.

Newer AWS SDKs speak this to CloudWatch. A call is written as a query call with botocore's own model of the service, handed
to moto, and the answer is read with the same model and written back as CBOR.
"""

import io
import re
from urllib.parse import urlencode

import botocore.parsers
import botocore.serialize
import botocore.session
import cbor2

CALL = re.compile(r"^/service/(\w+)/operation/(\w+)$")
# The service's name in the path -> botocore's name.
SERVICES = {"GraniteServiceVersion20100801": "cloudwatch"}
# Headers that say how the CBOR body was sent.
BODY_HEADERS = ("HTTP_SMITHY_PROTOCOL", "HTTP_CONTENT_ENCODING", "HTTP_TRANSFER_ENCODING", "wsgi.input_terminated")


def read_body(environ):
    length = environ.get("CONTENT_LENGTH")
    return environ["wsgi.input"].read(int(length)) if length else environ["wsgi.input"].read()


class CborGateway:
    def __init__(self, application):
        self.application = application
        self.session = botocore.session.get_session()
        self.serializer = botocore.serialize.create_serializer("query")
        self.parser = botocore.parsers.create_parser("query")

    def __call__(self, environ, start_response):
        call = CALL.match(environ.get("PATH_INFO", ""))
        if not call or call.group(1) not in SERVICES:
            return self.application(environ, start_response)
        operation = self.session.get_service_model(SERVICES[call.group(1)]).operation_model(call.group(2))
        status, answer = self.ask(environ, operation)
        payload = cbor2.dumps(answer, datetime_as_timestamp=True)
        headers = [
            ("Content-Type", "application/cbor"),
            ("smithy-protocol", "rpc-v2-cbor"),
            ("Content-Length", str(len(payload))),
        ]
        start_response(status, headers)
        return [payload]

    def ask(self, environ, operation):
        """Makes the query call; returns its status line and the answer's fields."""
        raw = read_body(environ)
        given = cbor2.loads(raw) if raw else {}
        known = operation.input_shape.members if operation.input_shape else {}
        request = self.serializer.serialize_to_request({k: v for k, v in given.items() if k in known}, operation)
        body = urlencode(request["body"]).encode()
        inner = {k: v for k, v in environ.items() if k not in BODY_HEADERS}
        inner.update(PATH_INFO="/", RAW_URI="/", REQUEST_URI="/", CONTENT_LENGTH=str(len(body)))
        inner["CONTENT_TYPE"] = "application/x-www-form-urlencoded; charset=utf-8"
        inner["wsgi.input"] = io.BytesIO(body)
        seen = {}

        def capture(status, headers, exc_info=None):
            seen.update(status=status, headers=headers)

        text = b"".join(self.application(inner, capture))
        code = int(seen["status"].split()[0])
        reply = {"status_code": code, "headers": dict(seen["headers"]), "body": text}
        parsed = self.parser.parse(reply, operation.output_shape)
        if code >= 300:
            return seen["status"], {"__type": parsed["Error"]["Code"], "message": parsed["Error"].get("Message", "")}
        return seen["status"], {k: v for k, v in parsed.items() if k != "ResponseMetadata"}
