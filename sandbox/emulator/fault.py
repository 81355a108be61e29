"""Errors in AWS's form."""

from moto.core.exceptions import ServiceException


class Fault(ServiceException):
    """`Fault(code, message)`. A class of its own, for moto takes the service from the module that an error comes from."""
