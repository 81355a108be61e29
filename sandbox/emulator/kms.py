"""KMS: the period of a key's rotation reads back as it was set."""

import json

from moto.kms.responses import KmsResponse

from .patch import wrap


def extend():
    @wrap(KmsResponse, "enable_key_rotation")
    def enable(old, self):
        answer = old(self)
        key = self.kms_backend.keys[self.kms_backend.get_key_id(self._get_param("KeyId"))]
        key.rotation_days = int(self._get_param("RotationPeriodInDays") or 365)
        return answer

    @wrap(KmsResponse, "get_key_rotation_status")
    def status(old, self):
        shown = json.loads(old(self))
        key = self.kms_backend.keys[self.kms_backend.get_key_id(self._get_param("KeyId"))]
        if shown["KeyRotationEnabled"]:
            shown.update(KeyId=key.id, RotationPeriodInDays=getattr(key, "rotation_days", 365))
        return json.dumps(shown)
