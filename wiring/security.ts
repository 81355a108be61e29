import { claimName, resolveSingletons, SecurityBaseline } from "../components/security/security-baseline";
import { awsAccess } from "../config";
import type { Platform } from "./platform";

export async function wireSecurity({
  settings,
  cloud,
  previous,
  report,
  data,
  alarmTopics,
  isProtected,
  tags,
}: Platform) {
  if (!settings.security) return undefined;
  const { singletons, trail } = settings.security;
  const { region, profile } = awsAccess(cloud.region); // its endpoint is S3's
  const claim = claimName(tags.project, tags.stack);
  const baseline = new SecurityBaseline("security", {
    trail,
    cloud,
    claim,
    decisions: await resolveSingletons({
      access: { region, profile },
      wanted: singletons,
      previous,
      claim,
      offline: report.offline ?? false,
    }),
    dataEventBucketArns: data?.recordedBucketArns ?? [],
    topics: alarmTopics,
    protected: isProtected,
  });
  return { auditBucket: baseline.auditBucketName, trailArn: baseline.trailArn, owned: baseline.owned };
}
