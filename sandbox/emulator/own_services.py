"""Services, or single calls of services, that moto does not have: answered here, before moto sees them.

A service is a class with one method an operation, named as botocore names it in Python. Its call is parsed and its answer
written by moto's own machinery from botocore's model, so that a method only deals in dictionaries of AWS's shapes.
"""

import io
import re
from collections import defaultdict

from moto.core.request import Request
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import camelcase_to_underscores, method_names_from_class

from .fault import Fault

SCOPE = re.compile(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/aws4_request")
# Name in a request's signature -> class.
SERVICES = {}


def own(signing_name):
    """Declares a class as what answers the calls signed for a service."""

    def register(cls):
        SERVICES[signing_name] = cls
        return cls

    return register


class OwnService(BaseResponse):
    """Base of a service: `self.given` is the call, `self.records(kind)` what it keeps."""

    NAME = ""
    state = defaultdict(lambda: defaultdict(dict))

    def __init__(self):
        super().__init__(service_name=self.NAME)
        self.automated_parameter_parsing = True

    @property
    def given(self):
        return dict(self.params)

    def records(self, kind):
        """Records of one kind by name, in this account and Region."""
        return self.state[(self.NAME, self.current_account, self.region)][kind]

    def find(self, kind, name, code="ResourceNotFoundException"):
        found = self.records(kind).get(name)
        if found is None:
            raise Fault(code, f"There is no {kind} {name}.")
        return found

    def arn(self, resource, region=None):
        return f"arn:aws:{self.NAME}:{self.region if region is None else region}:{self.current_account}:{resource}"


class OwnCalls:
    """The gate before moto."""

    def __init__(self, application):
        self.application = application

    def __call__(self, environ, start_response):
        scope = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
        cls = SERVICES.get(scope.group(2)) if scope else None
        if cls is None:
            return self.application(environ, start_response)
        length = environ.get("CONTENT_LENGTH")
        body = environ["wsgi.input"].read(int(length)) if length else b""
        environ["wsgi.input"] = io.BytesIO(body)
        request = Request(environ)
        response = cls()
        action = self.action(response, request)
        if not action or camelcase_to_underscores(action) not in method_names_from_class(cls):
            environ["wsgi.input"] = io.BytesIO(body)
            return self.application(environ, start_response)
        status, headers, answer = response._dispatch(request, request.url, request.headers)
        payload = answer.encode() if isinstance(answer, str) else answer
        fields = {k: str(v) for k, v in headers.items() if k.lower() not in ("status", "content-length")}
        start_response(f"{status} -", [*fields.items(), ("Content-Length", str(len(payload)))])
        return [payload]

    @staticmethod
    def action(response, request):
        """The operation's name, without reading the rest of the call."""
        target = request.headers.get("X-Amz-Target")
        if target:
            return target.split(".")[-1]
        return response._get_action_from_method_and_request_uri(request)


def answer(**fields):
    return ActionResult(fields)


class TaggedByArn:
    """The three calls by which most services tag; `tagged()` finds the tags of the call's `resourceArn`."""

    def list_tags_for_resource(self):
        return answer(tags=self.tagged())

    def tag_resource(self):
        self.tagged().update(self.given["tags"])
        return answer()

    def untag_resource(self):
        for key in self.given["tagKeys"]:
            self.tagged().pop(key, None)
        return answer()
