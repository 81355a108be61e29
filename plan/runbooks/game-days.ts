/** A game day for each system: its documents' failover procedures, rehearsed on purpose. */

interface Rehearsal {
  readonly what: string;
  readonly how: string;
  readonly expect: string;
  /** Runbook below docs/runbooks. */
  readonly runbook: string;
}

interface GameDay {
  readonly title: string;
  readonly rehearsals: readonly Rehearsal[];
}

const restore: Rehearsal = {
  what: "Restore the database from the vault",
  how: "Start the restore testing plan's newest recovery point by hand (`aws backup start-restore-job`), then run the check function with the job's id.",
  expect: "The validation says SUCCESSFUL; the measured recovery time is below the promise.",
  runbook: "disasters/database.md",
};
const page: Rehearsal = {
  what: "Page whoever is on call",
  how: "`npm run test-page -- <stack>`",
  expect: "Somebody says within five minutes that the page and its end arrived, by e-mail and by PagerDuty.",
  runbook: "alarms/trading-testpage-never.md",
};
const secret: Rehearsal = {
  what: "Rotate every secret as if it had leaked",
  how: "`aws secretsmanager rotate-secret` for the stores; the broker's keys on the paper account.",
  expect: "No client sees more than one failed connection; the old values no longer work.",
  runbook: "disasters/leaked-secret.md",
};
const failover: Rehearsal = {
  what: "Fail the database over",
  how: "`aws rds reboot-db-instance --db-instance-identifier <id> --force-failover`",
  expect: "Writes stop for two minutes at most; clients reconnect by themselves; one page, not ten.",
  runbook: "disasters/database.md",
};
const release: Rehearsal = {
  what: "Roll a release back",
  how: "Deploy an image that fails its health check, then the digest before.",
  expect: "The deployment stops by its alarms; the version before serves all the time.",
  runbook: "disasters/bad-release.md",
};
const region: Rehearsal = {
  what: "Move to the second Region",
  how: "In a closed market: a new stack with `aws:region` of the second Region, its database from the copy vault, desiredCount 0.",
  expect:
    "The stack comes up and holds the data of the last recovery point; the time it took is written down beside the promise.",
  runbook: "disasters/region.md",
};

/** By blueprint; the rehearsals follow each document's own procedures. */
export const gameDays: Readonly<Record<string, GameDay>> = {
  "local-zone-trader": {
    title: "Local Zone trader",
    rehearsals: [
      page,
      {
        what: "Lose the trading host",
        how: "Flat and outside the session: `aws cloudwatch set-alarm-state` of `trader-system-check` to ALARM, which recovers the host.",
        expect: "The host is back with its address; gateway and bot run; positions at the broker and in the bot agree.",
        runbook: "disasters/zone.md",
      },
      {
        what: "Lose the Local Zone's way out",
        how: "Switch `network.localZones[0].egress` to the Region's way in a deployment to qa.",
        expect: "The round-trip alarm goes off within five minutes; orders still arrive.",
        runbook: "disasters/zone.md",
      },
      secret,
    ],
  },
  "ai-platform": {
    title: "AI platform on Kubernetes",
    rehearsals: [
      page,
      failover,
      {
        what: "Fail the cache over",
        how: "`aws elasticache test-failover --replication-group-id <id> --node-group-id 0001`",
        expect: "A replica takes over within a minute; sessions survive, or users log in once.",
        runbook: "disasters/zone.md",
      },
      restore,
      {
        what: "Restore the cluster's configuration",
        how: "`aws backup start-restore-job` of the cluster's newest recovery point into a namespace of its own.",
        expect: "Deployments and volumes come up; RTO below 4 hours, RPO below 15 minutes for the whole.",
        runbook: "disasters/cluster.md",
      },
      region,
    ],
  },
  "model-fleet": {
    title: "Model-driven fleet",
    rehearsals: [
      page,
      {
        what: "Lose a tenth of the fleet",
        how: "On paper trading: terminate a tenth of the instances by their tag, then deploy.",
        expect: "The failed-trader alarm tells once; the deployment makes exactly those instances again.",
        runbook: "disasters/zone.md",
      },
      {
        what: "Lose the market data",
        how: "Stop the ingest's task in the session.",
        expect: "The staleness alarm goes off within its seconds; traders stop opening positions.",
        runbook: "disasters/bad-release.md",
      },
      {
        what: "A stop that refuses",
        how: "Leave a paper position open and run the stop machine.",
        expect: "That instance keeps running, the page names it, everything else stops.",
        runbook: "alarms/aws-states-executionsfailed.md",
      },
      secret,
    ],
  },
  "web-terminal": {
    title: "Web terminal",
    rehearsals: [
      page,
      failover,
      release,
      {
        what: "Lose a zone of the web tier",
        how: "Take a zone's subnets out of the group for an hour (`aws autoscaling update-auto-scaling-group`).",
        expect: "The load balancer routes round it; response times stay within the dashboard's usual band.",
        runbook: "disasters/zone.md",
      },
      restore,
      {
        what: "Lose the data provider",
        how: "Block Polygon.io's addresses in qa.",
        expect: "Circuit breakers open; the terminal shows the age of its quotes.",
        runbook: "disasters/bad-release.md",
      },
    ],
  },
  "betting-bot": {
    title: "Betting bot",
    rehearsals: [
      page,
      {
        what: "Fail the database over",
        how: "Stop the primary node; send the promotion document to the standby.",
        expect: "The standby takes writes within 15 minutes, at most 5 minutes of data are lost.",
        runbook: "disasters/database.md",
      },
      {
        what: "Lose the bot's task",
        how: "`aws ecs stop-task` of the bot, then of one ML task.",
        expect: "Both are back within 5 minutes, and never were there two bots.",
        runbook: "disasters/zone.md",
      },
      restore,
      {
        what: "Lose the models",
        how: "Point ML at the replica bucket in the second Region.",
        expect: "Predictions again within 30 minutes, with models at most 24 hours old.",
        runbook: "disasters/region.md",
      },
      release,
      region,
      secret,
    ],
  },
};

/** Every game day's checklist by its file name. */
export function gameDayPages(): Map<string, string> {
  return new Map(
    Object.entries(gameDays).map(([key, { title, rehearsals }]) => [
      `game-days/${key}.md`,
      [
        `# Game day: ${title}`,
        "In qa or in a closed market, announced, with somebody who may call it off. Each line has a start time, an end time and a name.",
        ...rehearsals.map(
          ({ what, how, expect, runbook }) =>
            `## ${what}\n\n- [ ] Do: ${how}\n- [ ] Expect: ${expect}\n- [ ] Runbook followed to the letter, its gaps written down: [${runbook}](../${runbook})\n- Started: ____ Ended: ____ By: ____`,
        ),
        "## Afterwards\n\n- [ ] Measured times beside the promises, in the compliance report's folder\n- [ ] An issue for every gap, with an owner",
      ].join("\n\n"),
    ]),
  );
}
