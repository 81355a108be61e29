/** Why a check of checkov's that fails in a stack of ours stands; `npm run checkov` asks for one a check, and for no more. */
export const reasons: Readonly<Record<string, string>> = {
  CKV2_AWS_3:
    "checkov asks for GuardDuty of a whole organization. A stack has one account; its detector, with every protection, is on.",
  CKV2_AWS_5:
    "Restored copies of the database take the group during a restore test, which AWS Backup is told by metadata.",
  CKV2_AWS_9: "The volumes are in the backup plan by their tag, which checkov does not follow.",
  CKV2_AWS_34:
    "The parameters hold no secret: PostgreSQL's memory settings, AMI ids, the certificate that MLflow's clients trust, and which account-wide things a stack owns. Keys and passwords are in Secrets Manager.",
  CKV2_AWS_47:
    "The web ACL has AWSManagedRulesKnownBadInputsRuleSet, which stops Log4j. The check wants AWSManagedRulesAnonymousIpList besides, which locks out traders behind a VPN or a hosted desktop.",
  CKV2_AWS_50: "dev has a single cache node; qa and prod fail over.",
  CKV2_AWS_57:
    "The broker, the exchange or the data provider issues the key, and people change it there. Every such secret has a waiver with its owner in production; passwords that the platform makes itself rotate.",
  CKV2_AWS_62:
    "Nothing listens to a bucket's events but what a requirement asks for; writes are recorded by CloudTrail.",
  CKV2_AWS_76: "As CKV2_AWS_47: the web ACL stops Log4j, and does not lock out anonymous networks.",
  CKV_AWS_18:
    "A bucket for logs does not log itself, and a replica lies in another Region, where there is no bucket for logs. CloudTrail records the use of the buckets with records for the regulator and models.",
  CKV_AWS_24:
    "A false alarm: the rule lets in the bastion's security group, and checkov takes a rule without an address range for one that is open to all.",
  CKV_AWS_91:
    "A network load balancer logs TLS listeners only; PostgreSQL logs its connections itself. Waived with an owner.",
  CKV_AWS_86:
    "The logs are delivered by CloudWatch's log delivery (v2), which checkov does not know; the old way needs ACLs.",
  CKV_AWS_115:
    "Reserved concurrency takes from what the account has for everything else, which a trading fleet's stop must not lack. Each function has one caller, at fixed times.",
  CKV_AWS_117:
    "A function that only calls AWS's APIs gains nothing from a VPC but another way to fail; the rotation reaches its database through Run Command or the service's API.",
  CKV_AWS_118: "dev takes the free minimum of monitoring; qa and prod have enhanced monitoring.",
  CKV_AWS_126:
    "Seven metrics a minute cost 2.10 USD an instance and month; the fleet's own metrics say more of a trader, and the trader's host in the Local Zone has detailed monitoring.",
  CKV_AWS_135: "Every instance type in use is EBS-optimized by AWS, at no charge, whatever the setting says.",
  CKV_AWS_144:
    "The documents ask for a copy in another Region of records and models only; logs and market data can do without.",
  CKV_AWS_145:
    "Load balancers and S3's own access logs cannot deliver to a bucket under a customer key; the betting bot's document asks for SSE-S3 in all of its buckets. Keys of AWS's encrypt them.",
  CKV_AWS_157:
    "A read replica is a second copy itself; dev and qa have one zone's database, which the stage's defaults say.",
  CKV_AWS_161:
    "Programs sign in with passwords that rotate and never leave Secrets Manager; a token of IAM lasts 15 minutes, so that every reconnect of a trader would wait for IAM.",
  CKV_AWS_252: "Findings and changes reach the alarm topics through EventBridge, not by a message for each log file.",
  CKV_AWS_259:
    "Preloading binds a customer's whole domain in browsers for years; the header lasts two years, with subdomains.",
  CKV_AWS_272: "Functions are built from this repository at deployment; code signing has nobody else to tell apart.",
  CKV_AWS_293: "A database of dev is there to be thrown away; qa and prod are protected.",
  CKV_AWS_310: "The site's files are in one bucket, versioned; a second origin would need a second Region.",
  CKV_AWS_338:
    "The documents ask for 90 days in CloudWatch and then S3; records for the regulator are kept for seven years.",
  CKV_AWS_374: "The terminal's customers are anywhere; its document names no country.",
  CKV_AWS_378:
    "TLS ends at the load balancer, as the documents draw it; behind it plain HTTP goes to one port of one security group, inside the VPC.",
};
