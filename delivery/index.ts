import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { lookupCloud } from "../components/common/iam";
import { tagEverything } from "../components/common/tags";
import { deliverySettings } from "./config";
import { deliver } from "./delivery";
import { planStack } from "./permissions/plans";

/**
 * The delivery's program: identity providers, a deploying and a previewing role a stage, state, Pulumi Deployments. Deployed
 * by an administrator, once an account and whenever a plan gets new resource types.
 */
export = async () => {
  const settings = deliverySettings();
  const region = new pulumi.Config("aws").require("region");
  tagEverything({ project: pulumi.getProject(), stack: pulumi.getStack(), stage: "prod", owner: "delivery" });
  const root = path.join(__dirname, "..");
  const cloud = await lookupCloud(region);
  const plans = await Promise.all(Object.values(settings.stages).map(({ stack }) => planStack(root, stack)));
  return deliver(settings, cloud, plans);
};
