/** One runbook for each disaster, with what the stacks promise. */
import type { RecoveryPromise } from "./facts";

interface Disaster {
  readonly title: string;
  readonly signs: string;
  readonly byItself: string;
  readonly steps: readonly string[];
  readonly back: string;
}

export const disasters: Readonly<Record<string, Disaster>> = {
  zone: {
    title: "A zone is lost",
    signs:
      "Status checks, unhealthy targets and replica lag of one zone at once; AWS Health names the zone minutes later. A Local Zone has no second one: see the last step.",
    byItself:
      "RDS fails over to the standby (60 to 120 s), ElastiCache promotes replicas, load balancers and ECS move to the zones that are left, one NAT gateway a zone keeps the way out.",
    steps: [
      "Stop deployments; a rebuild now competes for the capacity that is left.",
      "Trading hosts: check open positions at the broker before anything else. Instances of the lost zone do not come back by themselves while it is gone.",
      "TimescaleDB: if the primary's zone is the lost one, send the promotion document to the standby: `aws ssm send-command --document-name <promotionDocument output> --targets Key=tag:node,Values=b`.",
      "Model fleet: set `fleet.zones` (or the subnets) to the zones that are left and deploy; instances of the lost zone are made anew from their models.",
      "Local Zone trader: move `trader.zone`'s workload into the Region (`trader` in an app subnet) and accept the latency, or stay flat until the zone is back.",
    ],
    back: "Rejoin what was replaced (docs/timescale.md), spread over all zones again in a quiet hour, and compare the measured recovery time with the promise below.",
  },
  database: {
    title: "The database is lost or wrong",
    signs:
      "`data-*` alarms, `backups-database-rpo`, errors of every service at once; or data that somebody deleted or changed.",
    byItself:
      "A lost primary fails over. Nothing helps by itself against wrong data: replicas and standbys have it too.",
    steps: [
      "Stop what writes: `services.services.<key>.desiredCount: 0`, the schedule's stop machine for the fleet. Write down the time of the last good row.",
      "RDS, a point in time: `aws rds restore-db-instance-to-point-in-time --source-db-instance-identifier <id> --target-db-instance-identifier <id>-restored --restore-time <UTC> --db-subnet-group-name <group> --vpc-security-group-ids <group>`.",
      "RDS, from the vault: `aws backup list-recovery-points-by-resource --resource-arn <arn>`, then `aws backup start-restore-job` with the restore testing plan's metadata.",
      "TimescaleDB: `timescale-node restore` to a time, on the node that becomes primary (docs/timescale.md).",
      "Check the copy as the restore test does: tables, rows, checksum of the last day; only then point clients at it: import it into the stack in place of the old one.",
    ],
    back: "Let writers start one by one, the bot last. Keep the old instance until the books agree with the exchange's.",
  },
  cluster: {
    title: "The Kubernetes cluster is lost or wrong",
    signs:
      "`kubernetes-*` alarms, pods that cannot be scheduled in every zone, an API that does not answer; or objects that somebody deleted.",
    byItself:
      "EKS replaces its own control plane and node groups replace nodes. Nothing helps against deleted objects, or a cluster that is gone.",
    steps: [
      "Check open positions at the broker first: pods that cannot be reached may still trade.",
      "Find the recovery point: `aws backup list-recovery-points-by-resource --resource-arn arn:aws:eks:<region>:<account>:cluster/<clusterName output>`, the newest from before the mistake.",
      "What it holds and what a restore takes: `aws backup get-recovery-point-restore-metadata --backup-vault-name <vault> --recovery-point-arn <arn>`.",
      "Deleted objects: `aws backup start-restore-job --recovery-point-arn <arn> --iam-role-arn <role of the backup> --metadata file://restore.json` for the lost namespaces, into this cluster. What is there already is left alone: delete what is wrong before.",
      "A lost cluster: deploy the stack, which makes cluster, node groups, roles and add-ons anew; restore everything into it by the same command, with its name in the metadata.",
      "The cluster's own objects: `pulumi stack output kubernetes --json | jq -r .manifests | kubectl apply -f -`, with the kubeconfig of the same output.",
      "Check before users come back: `kubectl get pods -A`, bound volumes, the disruption budget of the trading namespace, metrics on the dashboard.",
    ],
    back: "Point users at the cluster that runs, keep the old vault until its newest recovery point is older than the new one's first, and compare the measured time with the promise below.",
  },
  region: {
    title: "The Region is lost",
    signs:
      "Everything at once, AWS Health for the Region, no API of it answers. Wait for AWS's word before moving what trades: two live bots are worse than none.",
    byItself:
      "Copies of recovery points, RDS backups and replicated buckets lie in the second Region. Nothing moves there by itself.",
    steps: [
      "Make sure that nothing of the lost Region still trades: cancel orders at the broker or exchange by its own screens, revoke the API keys.",
      "State: `pulumi stack export` of the last deployment lies in the backend; make a new stack with `aws:region` of the second Region and its own CIDR, from the same stack file.",
      "Data: restore the database from the copy vault (`backups.copyVault` output) or from RDS's replicated backups; name the replica buckets (`*-replica`) in `data.buckets`.",
      "Secrets: fill the new stack's secrets from the broker, not from a copy: the old ones are revoked.",
      "Images: push or replicate the digests that ran; deploy with desiredCount 0, check the database, then start.",
      "Names: point the hosted zone's records to the new load balancer; CloudFront's origin follows its record.",
    ],
    back: "Going home is the same way with the Regions exchanged, in a closed market, after replication has caught up.",
  },
  "bad-release": {
    title: "A release is bad",
    signs: "Errors or latency that begin with a deployment; a canary that went on although it should not have.",
    byItself:
      "ECS rolls a deployment back while its alarms are on; canaries stop at their share. After the bake time nothing does.",
    steps: [
      "Services: set the digest before (`image.digest`) and deploy. The web tier: shift its weights back to the other colour.",
      "Static site: set `site.release` to the release before; it is still in the bucket.",
      "Infrastructure: revert the commit and deploy it through dev and qa as any other; `pulumi up --target` only to stop a loss.",
      "Model: remove its key from the deploy bucket's prefix, or put the version before back (the bucket keeps versions), then deploy.",
      "Database migrations go forward only: mend with a new one, or see the runbook of a wrong database.",
    ],
    back: "Write the test or alarm that would have stopped it, before the release is tried again.",
  },
  "leaked-secret": {
    title: "A secret leaked",
    signs: "GuardDuty, a scanner's finding, a key in a log or repository, orders that nobody placed.",
    byItself:
      "Passwords of databases and caches rotate on a schedule; keys of brokers do not: people change them there.",
    steps: [
      "Broker or exchange keys: revoke them at the issuer first; trading stops, and that is right. Check orders and withdrawals since the leak.",
      "Databases and caches: `aws secretsmanager rotate-secret --secret-id <arn>`; the rotation waits until the store has taken the new value.",
      "Put new broker keys in by `aws secretsmanager put-secret-value`, then restart what reads them (force a new deployment; traders outside the session).",
      "AWS credentials: deny sessions that are older than now (the role's policy `AWSRevokeOlderSessions`), then look in CloudTrail for what they did, in every Region.",
      "A key in git stays in git: rewriting history does not unleak it. Rotate, then clean.",
    ],
    back: "CloudTrail data events of the buckets with models and records tell whether anything was read; keep the answer with the incident.",
  },
};

const cell = (minutes: number | undefined) => (minutes === undefined ? "none" : `${minutes} min`);

/** Every disaster's runbook by its file name. */
export function disasterPages(promises: readonly RecoveryPromise[]): Map<string, string> {
  const rows = promises.map(
    ({ stack, component, rtoMinutes, rpoMinutes }) =>
      `| ${stack} | ${component} | ${cell(rtoMinutes)} | ${cell(rpoMinutes)} |`,
  );
  const table = ["| stack | component | works again within | may lose |", "| --- | --- | --- | --- |", ...rows].join(
    "\n",
  );
  return new Map(
    Object.entries(disasters).map(([key, { title, signs, byItself, steps, back }]) => [
      `disasters/${key}.md`,
      [
        `# ${title}`,
        `**Signs.** ${signs}`,
        `**What happens by itself.** ${byItself}`,
        "## Steps",
        steps.map((step, index) => `${index + 1}. ${step}`).join("\n"),
        "## Way back",
        back,
        "## What was promised",
        table,
      ].join("\n\n"),
    ]),
  );
}
