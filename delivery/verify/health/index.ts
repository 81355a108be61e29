import { judged, type Check, type Finding, type Subject } from "../check";
import { groups } from "./groups";
import { instances } from "./instances";
import { services } from "./services";
import { caches, databases } from "./stores";
import { targets } from "./targets";

type Probe = (subject: Subject) => Promise<{ looked: number; findings: Finding[] }>;

/** What is asked of AWS for a stack: a section that is off costs no call, and needs no permission for one. */
function probesOf({ settings }: Subject): [noun: string, probe: Probe][] {
  const { data, web, services: tasks } = settings;
  return [
    ["running instances", instances],
    ...(web ? [["auto-scaling groups", groups] as [string, Probe]] : []),
    ...(tasks ? [["services", services] as [string, Probe]] : []),
    ...(web || tasks ? [["targets", targets] as [string, Probe]] : []),
    ...(data?.postgres ? [["databases", databases] as [string, Probe]] : []),
    ...(data?.redis ? [["caches", caches] as [string, Probe]] : []),
  ];
}

/** Instances, services, targets and stores of the stack are well. */
export const health: Check = async (subject) => {
  const asked = await Promise.all(
    probesOf(subject).map(async ([noun, probe]) => ({ noun, ...(await probe(subject)) })),
  );
  const summary = asked.map(({ noun, looked }) => `${looked} ${noun}`).join(", ");
  return judged(
    "health",
    asked.flatMap(({ findings }) => findings),
    summary,
  );
};
