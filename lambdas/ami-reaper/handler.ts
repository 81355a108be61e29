import { Logger } from "@aws-lambda-powertools/logger";
import { EC2Client } from "@aws-sdk/client-ec2";
import { SSMClient } from "@aws-sdk/client-ssm";
import { clientSettings, jsonVariable, lazily } from "../common/environment";
import type { ReapRules } from "./core";
import { judgeAccount, reap, type ReapScope } from "./reap";

/** Removes images that nothing needs any more, with their snapshots; fails, and so alarms, where one would not go. */
export function makeHandler(ec2: EC2Client, ssm: SSMClient, now = () => new Date()) {
  const logger = new Logger();
  return async () => {
    const scope = jsonVariable<ReapScope>("SCOPE");
    const verdicts = await judgeAccount(ec2, ssm, scope, jsonVariable<ReapRules>("RULES"), now());
    const failed = await reap(ec2, verdicts);
    const reaped = verdicts.filter(({ reap: goes, ami }) => goes && !failed.some(({ id }) => id === ami));
    logger.info("images judged", { reaped, kept: verdicts.filter(({ reap: goes }) => !goes), failed });
    if (failed.length > 0) throw new Error(`Not reaped: ${failed.map(({ id, code }) => `${id} (${code})`).join(", ")}`);
    return { reaped: reaped.map(({ ami }) => ami), kept: verdicts.length - reaped.length };
  };
}

export const handler = lazily(() => makeHandler(new EC2Client(clientSettings), new SSMClient(clientSettings)));
