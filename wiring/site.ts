import { edgeRegion } from "../components/security/web-firewall";
import { StaticSite } from "../components/services/static-site";
import { topicIn } from "./alarm-topics";
import type { Platform } from "./platform";

export function wireSite(platform: Platform) {
  const { settings, cloud, isProtected } = platform;
  if (!settings.site) return undefined;
  const { api, ...rest } = settings.site;
  const server = api?.domainName ?? settings.web?.loadBalancer.domain?.domainName;
  const site = new StaticSite("site", {
    ...rest,
    cloud,
    ...(api && server ? { api: { domainName: server, paths: api.paths } } : {}),
    forceDestroy: !isProtected,
    alarmTopicArn: topicIn(platform, edgeRegion, "warning"),
  });
  return { url: site.url, bucket: site.bucket, distributionId: site.distributionId, release: site.release };
}
