import * as pulumi from "@pulumi/pulumi";

/** Outputs of this stack's last successful deployment; empty before the first one. */
export type PreviousOutputs = Readonly<Record<string, unknown>>;

/**
 * Reads what this very stack said of itself when it was last deployed, from the engine's state; the planner answers with
 * nothing. Plain values, so that they can decide how many resources there are.
 */
export async function previousOutputs(): Promise<PreviousOutputs> {
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  const answer = (await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name })) as {
    outputs?: PreviousOutputs;
  };
  return answer.outputs ?? {};
}
