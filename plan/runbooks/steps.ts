/** What to do after the first step that an alarm's description names: by kind of service, most likely cause first. */

const steps: readonly (readonly [RegExp, readonly string[]])[] = [
  [
    /^AWS\/RDS/,
    [
      "Performance Insights of the instance: top statements and waits of the last hour.",
      "`aws rds describe-events --source-type db-instance --duration 120` for failovers, storage changes and maintenance.",
      "If clients fail: the Multi-AZ failover is `aws rds reboot-db-instance --force-failover`; it takes 60 to 120 seconds.",
    ],
  ],
  [
    /^AWS\/ElastiCache/,
    [
      "`aws elasticache describe-events --duration 120` for failovers and node replacements.",
      "Compare evictions, memory and hit rate: all three together mean the cache is too small; a single hot node means a key that everything asks for.",
      "Clients must survive an empty cache: if they do not, that is the incident.",
    ],
  ],
  [
    /^AWS\/(Lambda|SQS)/,
    [
      "The function's log group: the newest lines of level ERROR, with the X-Ray trace they name.",
      "Dead letters keep the call for 14 days: read one with its attributes `ErrorCode` and `ErrorMessage` before anything is sent again.",
      "Compare with the time of the last deployment; go back with the commit before.",
    ],
  ],
  [
    /^(AWS\/ECS|ECS\/|AWS\/ApplicationELB)/,
    [
      "The service's events (`aws ecs describe-services`): image pulls, health checks, capacity, in that order.",
      "Target health with its reason (`aws elbv2 describe-target-health`).",
      "A release within the last hour is the first suspect: set the digest before it and deploy; ECS rolls back by itself only while a deployment runs.",
    ],
  ],
  [
    /^(AWS\/EC2|CWAgent)/,
    [
      "Session Manager onto the instance (`aws ssm start-session --target <id>`); where that fails the console output tells of the boot.",
      "Open positions first: nothing is rebooted that holds one.",
      "A host that hardware lost recovers by itself to the same address; one that software lost is replaced by the next deployment after it is terminated.",
    ],
  ],
  [
    /^(AWS\/States|TradingPlatform)/,
    [
      "The execution in Step Functions: the state that failed, its input and its error.",
      "Whoever trades today checks that the instances are as they should be before anything is run again.",
      "Start the machine again by hand with the same input: a second run touches only what the first left.",
    ],
  ],
  [
    /^Trading\/Timescale/,
    [
      "`timescale-node status` on both nodes, by Session Manager: who is primary, who follows, how far behind.",
      "docs/timescale.md has promotion, rejoining and restoring with their commands.",
      "Never promote while the primary answers: the leader mark in the bucket decides, the command waits for it.",
    ],
  ],
  [
    /^Trading\/Recovery/,
    [
      "The function's log names the component and what it measured or could not.",
      "Restore jobs of the plan in AWS Backup, newest first, with their validation messages.",
      "Recovery is unproven until the alarm ends: put off what makes it more likely to be needed.",
    ],
  ],
  [
    /^AWS\/S3/,
    [
      "S3's health in both Regions, then the replication metrics of the rule.",
      "Failed copies: replication status FAILED in the inventory or `aws s3api head-object`; S3 Batch Replication copies them again.",
    ],
  ],
  [
    /^(AWS\/(WAFV2|CloudFront))/,
    [
      "Sampled requests of the web ACL: which rule, which paths, from where.",
      "Rules in doubt go to `count` first, never off.",
    ],
  ],
];

const always = [
  "When it is over: the alarm returns to OK by itself and PagerDuty closes the incident. Write down what was seen, what was done, and what would have shown it earlier.",
];

/** Steps after the first, for an alarm's namespace. */
export function stepsFor(namespace: string | undefined): readonly string[] {
  const found = namespace === undefined ? undefined : steps.find(([form]) => form.test(namespace));
  return [
    ...(found?.[1] ?? ["The dashboard of the component that its name begins with: what else changed at that time."]),
    ...always,
  ];
}
