"""CloudFront distributions: what moto drops or makes up in what it reads back."""

from moto.cloudfront.models import DefaultCacheBehaviour, Origin, ViewerCertificate

from .patch import wrap


def extend():
    # A behaviour has a cache policy or forwarded values, never both.
    @wrap(DefaultCacheBehaviour, "__init__")
    def behaviour(old, self, config):
        has_values = "ForwardedValues" in config
        old(self, config)
        if config.get("CachePolicyId") and not has_values:
            self.forwarded_values = None

    @wrap(ViewerCertificate, "__init__")
    def certificate(old, self, config):
        old(self, config)
        if self.acm_certificate_arn or self.iam_certificate_id:
            self.cloud_front_default_certificate = False

    @wrap(Origin, "__init__")
    def origin(old, self, config):
        old(self, config)
        self.origin_access_control_id = config.get("OriginAccessControlId") or ""
