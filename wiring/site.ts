import { StaticSite } from "../components/services/static-site";
import type { Platform } from "./platform";

export function wireSite({ settings, cloud, alarmTopics, isProtected }: Platform) {
  if (!settings.site) return undefined;
  const { api, ...rest } = settings.site;
  const server = api?.domainName ?? settings.web?.loadBalancer.domain?.domainName;
  const site = new StaticSite("site", {
    ...rest,
    cloud,
    ...(api && server ? { api: { domainName: server, paths: api.paths } } : {}),
    forceDestroy: !isProtected,
    alarmTopicArn: alarmTopics?.warning,
  });
  return { url: site.url, bucket: site.bucket, distributionId: site.distributionId, release: site.release };
}
