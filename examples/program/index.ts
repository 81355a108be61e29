import * as pulumi from "@pulumi/pulumi";
import { AlarmTopics, EncryptionKey, lookupCloud, TradingVpc } from "trading-platform/components";

/**
 * A program of one's own that uses three of the platform's components: a network in two zones, alarm topics, and a key.
 * It has its own configuration and its own stacks; the platform's stack files and policies stay with the platform.
 */
export = async () => {
  const region = new pulumi.Config("aws").require("region");
  const cloud = await lookupCloud(region);
  const network = new TradingVpc("desk", {
    cloud,
    cidr: "10.80.0.0/16",
    zones: [`${region}a`, `${region}b`],
    nat: "single",
    endpoints: { gateway: ["s3"], interface: ["ssm", "secretsmanager"] },
    flowLogs: { retentionDays: 30, aggregationSeconds: 600 },
  });
  const topics = new AlarmTopics("desk", {
    cloud,
    emails: { critical: ["desk@example.com"], warning: [], info: [] },
  });
  const key = new EncryptionKey("desk-records", { cloud, description: "Records of the desk", usedBy: ["logs"] });
  return { vpcId: network.vpcId, criticalTopicArn: topics.arns.critical, keyArn: key.arn };
};
