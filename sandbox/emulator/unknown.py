"""A call that nobody here knows is answered by an error of its own, in the caller's protocol, that names the call.

moto answers with a web page and status 500, of which an SDK makes "deserialization failed".
"""

from moto.core.responses import ActionResult, BaseResponse

from .fault import Fault
from .patch import wrap


class NotEmulated(Fault):
    def __init__(self, service, action):
        super().__init__("NotEmulated", f"The emulated AWS does not know {service}:{action}; see docs/emulator.md.")


def extend():
    @wrap(BaseResponse, "call_action")
    def call_action(old, self):
        try:
            return old(self)
        except NotImplementedError:
            error = NotEmulated(self.service_name, self._get_action())
            status, headers, body = self.serialized(ActionResult(error))
            headers["status"] = status
            return status, headers, body
