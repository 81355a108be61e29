/** The bare program for the real engine: registers what the file holds that `BENCH_RECORDED` names. */
import "tsx/cjs"; // compiled as the platform's program is
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { withoutDebugMessages, withoutPromiseTraces } from "../../wiring/runtime-savings";
import { bareProgram, type Recorded } from "./program";

/** What any program of these resources asks first: whose account it is and which zones there are, for names and subnets. */
async function lookUp(version: string | undefined): Promise<void> {
  const options = version === undefined ? {} : { version };
  await Promise.all([
    pulumi.runtime.invoke("aws:index/getCallerIdentity:getCallerIdentity", {}, options),
    pulumi.runtime.invoke("aws:index/getPartition:getPartition", {}, options),
  ]);
  await pulumi.runtime.invoke("aws:index/getAvailabilityZones:getAvailabilityZones", { state: "available" }, options);
}

export = async () => {
  withoutPromiseTraces(); // in both, as are the debug messages that are left out
  withoutDebugMessages();
  const version = process.env.BENCH_AWS_VERSION;
  await lookUp(version);
  const { resources } = JSON.parse(readFileSync(process.env.BENCH_RECORDED ?? "", "utf8")) as Recorded;
  bareProgram(resources, version)();
};
