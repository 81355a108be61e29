import * as pulumi from "@pulumi/pulumi";
import { amazonLinux } from "../config/sections/web";
import { ContainerImage } from "../components/services/container-image";
import type { ImageSettings } from "../components/services/fargate-services";
import { WebTier } from "../components/services/web-tier";
import { EncryptionKey } from "../components/security/encryption-key";
import type { Platform } from "./platform";
import { storeVariables } from "./stores";
import { accessOf, dataAccess, workloadGroup } from "./workloads";

/** Images of the groups: groups that name one repository share it, each with its own digest. */
function images(platform: Platform, groups: Readonly<Record<string, { readonly image: ImageSettings }>>) {
  const uris: Record<string, pulumi.Input<string>> = {};
  const repositories = new Map<string, ContainerImage>();
  let key: EncryptionKey | undefined;
  for (const [color, { image }] of Object.entries(groups)) {
    if (typeof image === "string") {
      uris[color] = image;
      continue;
    }
    key ??= new EncryptionKey("web-images", { cloud: platform.cloud, description: "Images of the web tier" });
    const shared = repositories.get(image.repositoryName);
    const made = shared ?? new ContainerImage(`web-${color}`, { ...image, keyArn: key.arn });
    repositories.set(image.repositoryName, made);
    uris[color] = shared && image.digest ? shared.uriOf(image.digest) : made.uri;
  }
  return {
    uris,
    repositoryArns: [...repositories.values()].map(({ repositoryArn }) => repositoryArn),
    repositoryUrls: [...repositories.values()].map(({ repositoryUrl }) => repositoryUrl),
  };
}

/** References to the stack's secrets as ARNs. */
function secretReferences(platform: Platform, secrets: Readonly<Record<string, string>>) {
  const { secretArns } = dataAccess(platform);
  return Object.fromEntries(
    Object.entries(secrets).map(([variable, reference]): [string, pulumi.Input<string>] => {
      const [key = reference, field] = reference.split("#");
      const arn = secretArns[key];
      return [variable, arn ? arn.apply((it) => (field ? `${it}#${field}` : it)) : reference];
    }),
  );
}

export function wireWeb(platform: Platform) {
  const { settings, cloud, network, alarmTopics, tags } = platform;
  if (!settings.web || !network) return undefined;
  const { groups, access, egress, secrets, ...web } = settings.web;
  const group = workloadGroup(platform, "web-app", "Application tier: web hosts", egress);
  const { uris, repositoryArns, repositoryUrls } = images(platform, groups);
  const tier = new WebTier("web", {
    ...web,
    cloud,
    vpcId: network.vpcId,
    vpcCidr: network.vpcCidr,
    publicSubnets: network.publicSubnets,
    appSubnets: network.appSubnets,
    securityGroupId: group.id,
    groups: Object.fromEntries(
      Object.entries(groups).map(([color, it]) => [
        color,
        { ...it, ami: it.ami ?? amazonLinux(web.instanceType), image: uris[color] ?? "" },
      ]),
    ),
    environment: { ...storeVariables(platform), ...web.environment },
    secrets: secretReferences(platform, secrets),
    decryptKeyArns: Object.keys(secrets).length > 0 ? dataAccess(platform).dataKeyArns : [],
    repositoryArns,
    statements: accessOf(platform, access),
    tags: { ...tags, component: "web" },
    alarmTopicArn: alarmTopics?.critical,
  });
  return { url: tier.url, groups: tier.groupNames, repositories: repositoryUrls };
}
