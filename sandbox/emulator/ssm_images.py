"""SSM: the public parameter of AWS's Deep Learning image, which names the same image as Amazon Linux's."""

from moto.ssm.models import ParameterDict

from .patch import wrap

AMAZON_LINUX = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
DEEP_LEARNING = "/aws/service/deeplearning/ami/"


def extend():
    @wrap(ParameterDict, "_check_loading_status")
    def check(old, self, key):
        old(self, key)
        name = str(key or "")
        if name.startswith(DEEP_LEARNING) and not dict.get(self, name):
            dict.__setitem__(self, name, list(self[AMAZON_LINUX]))
