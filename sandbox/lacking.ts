/**
 * What the emulated AWS cannot hold, and what the sandbox therefore leaves out. The table in `docs/emulator.md` is made
 * from this one, and the engine tests fail when a stack leaves out anything that does not stand here.
 */
export interface Lack {
  /** What a stack file would say: a section, or a section's option by its path. */
  readonly setting: string;
  /** Value that the sandbox gives the setting; a section is switched off by `{ enabled: false }`. */
  readonly value: unknown;
  /** Resource types that are left out with it. */
  readonly types: readonly string[];
  /** Why it cannot be had. */
  readonly reason: string;
  /** Plugin with which it comes up; left in where that plugin is installed. None: it is left out everywhere. */
  readonly plugin?: string;
}

const off = { enabled: false } as const;

/** Settings that the sandbox changes, whichever stack it runs. A section that a stack does not have is not touched. */
export const lacking: readonly Lack[] = [
  {
    setting: "kubernetes",
    value: off,
    types: ["eks:index:Cluster", "eks:index:ManagedNodeGroup", "kubernetes:*"],
    reason:
      "An EKS cluster is a Kubernetes API server, which moto has not: the cluster's record could be made, but nothing could be put into it.",
  },
  {
    setting: "gpu.image",
    value: undefined,
    types: ["aws:imagebuilder/*"],
    reason: "moto has no EC2 Image Builder, and no build could run: an image is the work of instances.",
  },
  {
    setting: "services",
    value: off,
    types: ["awsx:ecs:FargateService"],
    plugin: "awsx",
    reason:
      "The services are remote components of the awsx plugin, which is not built for machines without Pulumi's downloads.",
  },
];

/** What comes up on the emulated AWS but does nothing there. */
export interface Idle {
  readonly what: string;
  readonly instead: string;
}

/** Resources whose record is real and whose work is not done: a green `up` says nothing about these. */
export const idle: readonly Idle[] = [
  {
    what: "EC2 instances",
    instead: "are records: no user data runs, no AMI is started, status checks are always fine",
  },
  {
    what: "Lambda functions",
    instead: "are stored with their code; a call answers with a fixed text and runs nothing",
  },
  { what: "Batch jobs, ECS tasks", instead: "are defined and placed, but no container runs" },
  { what: "RDS, ElastiCache, EFS", instead: "have endpoints that nothing listens on" },
  { what: "CloudWatch alarms", instead: "keep the state that they were made with; no metric reaches them" },
  { what: "Load balancers, CloudFront, WAF", instead: "forward, cache and refuse nothing" },
  {
    what: "Step Functions, Scheduler, EventBridge",
    instead: "are stored; a schedule never fires, and a definition is only checked for its shape",
  },
  { what: "IAM policies", instead: "are stored and not enforced, bucket policies without conditions excepted" },
  { what: "Security Hub, GuardDuty, Config, CloudTrail", instead: "are switched on and find nothing" },
  { what: "AWS Backup", instead: "plans and restore tests are stored; nothing is saved, copied or restored" },
  {
    what: "S3 replication, lifecycle, Object Lock",
    instead: "are set; nothing is copied or moved, and a retention does hold objects",
  },
];

const cell = (text: string) => text.replaceAll("|", "\\|");

/** `docs/emulator.md`. */
export function describeLacking(): string {
  const lacks = lacking.map(({ setting, types, plugin, reason }) => {
    const when = plugin === undefined ? "always" : `without the plugin \`${plugin}\``;
    return `| \`${setting}\` | ${types.map((type) => `\`${type}\``).join(", ")} | ${when} | ${cell(reason)} |`;
  });
  return `<!-- Made from sandbox/lacking.ts by: node --require tsx/cjs sandbox/describe.ts -->

# The emulated AWS

\`npm run sandbox\` and the engine tests run whole stacks on the real Pulumi engine against a moto server with the
additions of \`sandbox/emulator\`. It answers AWS's API and keeps what it is told; a second \`up\` has to find everything as
the first one left it. It needs no account and costs nothing.

## What is left out

These settings are switched off before a stack runs there, and the sandbox says so each time.

| setting | resource types | left out | reason |
| --- | --- | --- | --- |
${lacks.join("\n")}

Nothing else is left out on purpose. A call that the emulator does not know ends an \`up\` with the error
\`NotEmulated\`, which names the call; it is never passed over.

## What comes up but does nothing

| what | there |
| --- | --- |
${idle.map(({ what, instead }) => `| ${what} | ${cell(instead)} |`).join("\n")}

## Adding to it

A service that moto has, but not well enough, is mended in a module of \`sandbox/emulator\` with \`extend()\`; a service or a
call that moto has not is a class of \`own_services.py\`, whose methods only deal in dictionaries of AWS's shapes. Both are
found by being in that folder. moto's version is pinned in \`sandbox/requirements.txt\`, and a mend of something
that moto no longer has, or has itself by now, fails when the server starts.
`;
}
