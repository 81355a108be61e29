/** What people say about each blueprint; the rest of a guide comes from its plan. */
export interface GuideText {
  readonly title: string;
  readonly asked: string;
  /** Before the first deployment. */
  readonly first: readonly string[];
  /** After it. */
  readonly run: readonly string[];
  readonly watch: string;
  /** What the document itself says that its parts cost. */
  readonly estimate?: readonly Estimate[];
}

/** A line of a document's own estimate, with the part of the plan that it is of. */
export interface Estimate {
  readonly what: string;
  readonly monthlyUsd: number;
  /** URNs of the resources that the line is of. */
  readonly resources: RegExp;
}

const emails = "Put your own addresses into `monitoring.emails`; each has to confirm its subscription.";
const domains = "Put your own domain names and hosted zone into the file; the certificate is proven in that zone.";
const digests =
  "Push the images, and put their digests into the file (`docker buildx imagetools inspect` shows them); until then set the number of tasks or instances to 0.";

const bettingBotEstimate: readonly Estimate[] = [
  { what: "Fargate, bot and ML service", monthlyUsd: 150, resources: /\$awsx:ecs:FargateService::/ },
  {
    what: "Database in two zones, its volumes and its load balancer",
    monthlyUsd: 350,
    resources: /:TimescaleDatabase\$aws:(ec2\/instance|ebs\/volume|lb\/loadBalancer):/,
  },
  { what: "Two NAT gateways", monthlyUsd: 70, resources: /\$aws:ec2\/natGateway:/ },
  { what: "Load balancer of the services", monthlyUsd: 25, resources: /:services:LoadBalancer\$aws:lb\/loadBalancer:/ },
  { what: "S3", monthlyUsd: 5, resources: /\$aws:s3\/bucket:Bucket::/ },
  { what: "CloudWatch: logs, alarms, dashboards", monthlyUsd: 30, resources: /\$aws:cloudwatch\// },
];

/** The address holds a key, so that no stack file shows it. */
const pagerDuty =
  "PagerDuty is told of critical alarms once the address of its CloudWatch integration is set: `pulumi config set --secret --path trading-platform:monitoring.pagerDutyUrl https://events.pagerduty.com/integration/<key>/enqueue`.";

export const guideTexts = {
  "local-zone-trader": {
    title: "A trader in the Chicago Local Zone",
    asked:
      "A trading bot as near to CME Globex as AWS gets: an EC2 host in the Local Zone us-east-1-chi-2a, monitoring in the Region, IB Gateway for paper and live trading, no public address in production, keys in Secrets Manager.",
    first: [
      emails,
      "The stack opts the account into the Local Zone, which cannot be undone. An account that may not do so is told; see troubleshooting.",
      "dev runs c6i.large, qa (paper) c6in.xlarge, prod (live) c6in.2xlarge: set `stage`.",
      "In prod the AMI has to be proven in qa: `npm run ami -- --help`.",
    ],
    run: [
      "Put the broker's keys into the secrets that the stack made: `aws secretsmanager put-secret-value`.",
      "Start the trader's image by the SSM document that the stack's outputs name.",
      "A shell: `aws ssm start-session --target <instance>`, or through the private bastion; never from the internet.",
    ],
    watch:
      "The round trip to the exchange, which the host measures itself; the host's recovery; the gateway's weekly login, which Interactive Brokers asks a person for.",
  },
  "ai-platform": {
    title: "An AI trading platform on Kubernetes",
    asked:
      "A production platform over three zones: EKS with node groups by kind of work, PostgreSQL with a read replica, Redis in cluster mode, buckets for market data, models, backups and compliance, recovery within 4 hours and 15 minutes of data.",
    first: [
      emails,
      "The compliance bucket is locked for six years in COMPLIANCE mode: nobody can delete from it, nor destroy the stack's bucket. Try with GOVERNANCE first.",
      "The quota of G instances (L-DB2E81BA) is 0 in a new account: raise it before GPU nodes start.",
    ],
    run: [
      "`aws eks update-kubeconfig --region us-east-1 --name production-eks-cluster` from inside the VPC: the API is private.",
      "Apply the cluster's own objects, which the stack gives out: `pulumi stack output kubernetes --json`.",
      "Your applications are yours: they get their rights by the service accounts under `kubernetes.workloads`.",
    ],
    watch:
      "Nodes that are not ready, connections and latencies of PostgreSQL, Redis's hit ratio, the replicas' lag, the last restore test.",
  },
  "model-fleet": {
    title: "One instance for each trained model",
    asked:
      "Trading servers that follow the model artifacts in a deploy bucket: one instance a model, with a WebSocket server for Alpaca's stream and a calendar that starts and stops them; dev by hand, qa with paper money, prod live.",
    first: [
      emails,
      "Set `stage`, `data.buckets.modelDeploy.name` and `fleet.bucket` together: algo-model-deploy-dev, algo-model-deploy, algo-model-deploy-prod.",
      "Name the trader's container image in `fleet.image`: the modelling repository builds it, and the deploy bucket is the interface to it.",
      "The account's vCPU quota (L-1216C47A) has to hold the fleet: see [scale](../scale.md).",
    ],
    run: [
      "Upload models as `models/<type>/<symbol>/<model>-outer_X_inner_Y` and run `pulumi up` again: new models get an instance, those that are gone lose theirs.",
      "A deployment that would remove more than the stack allows stops and names the setting that agrees to it.",
      "In dev start and stop by hand: the state machines' ARNs are in the stack's outputs.",
      "`npm run verify -- qa` looks at the live stack from outside.",
    ],
    watch:
      "Models without an instance, instances that did not stop, the age of the last tick while the market is open.",
  },
  "web-terminal": {
    title: "A web terminal with its market-data service",
    asked:
      "A web terminal: t3.medium instances behind a load balancer, a static site by CloudFront, PostgreSQL and Redis, a market-data service with cache, rate limits and circuit breakers, CI/CD with staging and approval, TLS 1.2 and up.",
    first: [
      emails,
      domains,
      digests,
      "Put the key of Polygon.io (now Massive) into the secret `abacus-terminal/prod/polygon` after the first `up`.",
    ],
    run: [
      "A release of the site: upload the build to `releases/<id>/` in the bucket, set `site.release` to it, deploy. An earlier id goes back.",
      "A release of the service: add a group `green` with the new digest, move its weight, remove `blue`. Requests move once all of its hosts are healthy; a deployment in which they do not come up moves none.",
      "The service by itself: [market data](../market-data.md).",
    ],
    watch:
      "5xx at the load balancer, unhealthy hosts, Redis's evictions, the providers' circuit, the page's own timings.",
  },
  "betting-bot": {
    title: "A betting bot on Fargate",
    asked:
      "A bot and an ML service on Fargate behind a firewall and a load balancer, TimescaleDB in two zones, secrets, logs for 90 days, alarms, recovery targets by component, at about 630 USD a month.",
    first: [
      emails,
      domains,
      digests,
      pagerDuty,
      "Make the database's image once, and put its id into the SSM parameter that `data.timescale.ami` names: [TimescaleDB](../timescale.md).",
    ],
    run: [
      "Put Betfair's credentials into `clever-better/prod/betfair`, and the service's token into `clever-better/prod/api-keys`.",
      "A lost primary is promoted by one command, which its alarm names.",
      "The bot runs once: a deployment stops the old task before it starts the new one.",
    ],
    estimate: bettingBotEstimate,
    watch:
      "Trade failures and API errors, the bot's missing task, the standby's lag, the age of the last archived WAL.",
  },
} as const satisfies Readonly<Record<string, GuideText>>;
