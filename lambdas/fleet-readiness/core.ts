import type { Instance } from "@aws-sdk/client-ec2";
import { idOf, isHeld } from "../common/instances";

/** Why an instance is not ready for the opening. */
export type Unready = "not-running" | "impaired" | "agent-offline";

/** The instances that should trade at the opening and cannot. Held ones are somebody's own business. */
export function unreadyInstances(
  instances: readonly Instance[],
  impaired: ReadonlySet<string>,
  online: ReadonlySet<string>,
): { id: string; why: Unready }[] {
  const unready: { id: string; why: Unready }[] = [];
  for (const instance of instances.filter((one) => !isHeld(one))) {
    const id = idOf(instance);
    if (instance.State?.Name !== "running") unready.push({ id, why: "not-running" });
    else if (impaired.has(id)) unready.push({ id, why: "impaired" });
    else if (!online.has(id)) unready.push({ id, why: "agent-offline" });
  }
  return unready;
}
