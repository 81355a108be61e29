import { secret, unknown } from "../support/pack";
import { a, table } from "../support/tables";

const key = "arn:aws:kms:us-east-1:123456789012:key/k";
const firehose = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream";
const parameter = "aws:ssm/parameter:Parameter";
const listener = "aws:lb/listener:Listener";
const toHttps = { type: "redirect", redirect: { protocol: "HTTPS", port: "443", statusCode: "HTTP_301" } };
const modern = "ELBSecurityPolicy-TLS13-1-2-2021-06";
const keyPolicy = (change: object) =>
  JSON.stringify({
    Statement: [{ Sid: "Use", Effect: "Allow", Principal: { AWS: "*" }, Action: "kms:*", Resource: "*", ...change }],
  });
const container = (name: string, value: unknown) => JSON.stringify([{ name: "bot", environment: [{ name, value }] }]);
const lambda = (variables: unknown) => a("aws:lambda/function:Function", { environment: { variables } });
const distribution = (change: object = {}) => ({
  defaultCacheBehavior: { viewerProtocolPolicy: "redirect-to-https" },
  viewerCertificate: { acmCertificateArn: "arn", minimumProtocolVersion: "TLSv1.2_2021" },
  origins: [
    { originId: "api", customOriginConfig: { originProtocolPolicy: "https-only", originSslProtocols: ["TLSv1.2"] } },
    { originId: "site" },
  ],
  ...change,
});

export const encryptionServices = [
  table(
    "log-group-encrypted",
    "aws:cloudwatch/logGroup:LogGroup",
    ["pass", { kmsKeyId: key }],
    ["fail", { kmsKeyId: "" }, /no customer key/],
    ["fail", {}, { advisory: /no customer key/ }, { stage: "dev" }],
    ["undefined", {}, /no customer key/],
    ["unknown", { kmsKeyId: unknown }],
    ["secret", { kmsKeyId: secret(key) }],
  ),
  table(
    "sns-topic-encrypted",
    "aws:sns/topic:Topic",
    ["pass", { kmsMasterKeyId: key }],
    ["fail", { kmsMasterKeyId: "alias/aws/sns" }, /alarms cannot use/],
    ["undefined", {}, /not encrypted/],
    ["unknown", { kmsMasterKeyId: unknown }],
    ["secret", { kmsMasterKeyId: secret("alias/aws/sns") }, /alarms cannot use/],
  ),
  table(
    "sqs-queue-encrypted",
    "aws:sqs/queue:Queue",
    ["pass", { kmsMasterKeyId: key }],
    ["fail", { sqsManagedSseEnabled: true }, { advisory: /SQS's own key/ }],
    ["fail", { sqsManagedSseEnabled: false }, /no customer key/],
    ["fail", { kmsMasterKeyId: "alias/aws/sqs" }, /event sources cannot use/],
    ["undefined", {}, /no customer key/],
    ["unknown", { kmsMasterKeyId: unknown }],
    ["secret", { kmsMasterKeyId: secret(key) }],
  ),
  table(
    "kinesis-and-firehose-encrypted",
    "aws:kinesis/stream:Stream",
    ["pass", { encryptionType: "KMS", kmsKeyId: key }],
    ["pass", a(firehose, { serverSideEncryption: { enabled: true, keyType: "CUSTOMER_MANAGED_CMK", keyArn: key } })],
    ["pass", a(firehose, { kinesisSourceConfiguration: { kinesisStreamArn: "arn" } })],
    ["fail", { encryptionType: "NONE" }, /not encrypted/],
    ["fail", { encryptionType: "KMS" }, /no customer key/],
    ["fail", a(firehose, { serverSideEncryption: { enabled: true } }), /no customer key/],
    ["undefined", a(firehose), /not encrypted/],
    ["unknown", { encryptionType: unknown }, "cannot tell"],
    ["secret", { encryptionType: secret("KMS"), kmsKeyId: secret(key) }],
  ),
  table(
    "cloudtrail-encrypted",
    "aws:cloudtrail/trail:Trail",
    ["pass", { kmsKeyId: key }],
    ["fail", a("aws:cloudtrail/eventDataStore:EventDataStore"), /no customer key/],
    ["undefined", {}, /no customer key/],
    ["unknown", { kmsKeyId: unknown }],
    ["secret", { kmsKeyId: secret(key) }],
  ),
  table(
    "secret-customer-key",
    "aws:secretsmanager/secret:Secret",
    ["pass", { kmsKeyId: key }],
    ["fail", { kmsKeyId: key, replicas: [{ region: "us-west-2" }] }, /replica in us-west-2/],
    ["fail", {}, { advisory: /no customer key/ }, { stage: "qa" }],
    ["undefined", {}, /no customer key/],
    ["unknown", { kmsKeyId: unknown }],
    ["secret", { kmsKeyId: secret(key) }],
  ),
  table(
    "ssm-parameter-secure",
    parameter,
    ["pass", { name: "/trading/db/password", type: "SecureString", keyId: key }],
    ["pass", { name: "/trading/db/password-secret-arn", type: "String" }],
    ["pass", { name: "/trading/fleet/desired", type: "String" }],
    ["fail", { name: "/trading/db/password", type: "String" }, /is a String/],
    ["fail", { name: "/alpaca/API_KEY", type: "StringList" }, /is a StringList/],
    ["fail", { name: "/x", type: "SecureString" }, { advisory: /no customer key/ }],
    ["undefined", a(parameter, { type: "String" }, { name: "db-password" }), /says that it is secret/],
    ["unknown", { name: unknown, type: "String" }, "cannot tell"],
    ["unknown", { name: unknown, type: "SecureString", keyId: key }],
    ["secret", { name: "/x/token", type: secret("String") }, /is a String/],
  ),
  table(
    "eks-secrets-encrypted",
    "aws:eks/cluster:Cluster",
    ["pass", { encryptionConfig: { resources: ["secrets"], provider: { keyArn: key } } }],
    ["pass", a("eks:index:Cluster", { encryptionConfigKeyArn: unknown })],
    ["fail", { encryptionConfig: { resources: [], provider: { keyArn: key } } }, /no customer key/],
    ["fail", a("eks:index:Cluster"), /encryptionConfigKeyArn/],
    ["undefined", {}, /no customer key/],
    ["unknown", { encryptionConfig: { resources: ["secrets"], provider: { keyArn: unknown } } }],
    ["secret", { encryptionConfig: { resources: ["secrets"], provider: { keyArn: secret(key) } } }],
  ),
  table(
    "kms-key-rotation",
    "aws:kms/key:Key",
    ["pass", { enableKeyRotation: true }],
    ["pass", { customerMasterKeySpec: "RSA_2048" }],
    ["fail", { enableKeyRotation: false }, /does not rotate/],
    ["undefined", {}, /does not rotate/],
    ["unknown", { enableKeyRotation: unknown }, "cannot tell"],
    ["secret", { enableKeyRotation: secret(true) }],
  ),
  table(
    "kms-deletion-window",
    "aws:kms/key:Key",
    ["pass", { deletionWindowInDays: 30 }],
    ["fail", { deletionWindowInDays: 7 }, /after 7 days/],
    ["fail", a("aws:kms/replicaKey:ReplicaKey", { deletionWindowInDays: 29 }), /after 29 days/],
    ["undefined", {}],
    ["unknown", { deletionWindowInDays: unknown }, "cannot tell"],
    ["secret", { deletionWindowInDays: secret(7) }, /after 7 days/],
  ),
  table(
    "kms-key-policy-scoped",
    "aws:kms/key:Key",
    ["pass", { policy: keyPolicy({ Principal: { AWS: "arn:aws:iam::123456789012:root" } }) }],
    ["pass", { policy: keyPolicy({ Condition: { StringEquals: { "kms:CallerAccount": "123456789012" } } }) }],
    ["pass", { policy: keyPolicy({ Effect: "Deny", Principal: "*" }) }],
    ["fail", { policy: keyPolicy({}) }, /statement Use of the key policy lets anybody/],
    ["fail", { policy: keyPolicy({ Principal: "*" }) }, /anybody/],
    ["fail", { policy: keyPolicy({ Principal: undefined, NotPrincipal: { AWS: "1" } }) }, /anybody/],
    ["fail", { policy: keyPolicy({ Condition: { StringNotEquals: { "kms:CallerAccount": "1" } } }) }, /anybody/],
    ["fail", { policy: keyPolicy({ Condition: { StringLike: { "kms:CallerAccount": "*" } } }) }, /anybody/],
    ["fail", a("aws:kms/keyPolicy:KeyPolicy", { policy: keyPolicy({}) }), /anybody/],
    ["fail", { policy: "not JSON" }, /could not be checked/],
    ["undefined", {}],
    ["unknown", { policy: unknown }, "cannot tell"],
    ["secret", { policy: secret(keyPolicy({})) }, /anybody/],
  ),
  table(
    "no-plaintext-parameter-or-variable",
    parameter,
    ["pass", { type: "String", value: "3" }],
    ["pass", { type: "SecureString", value: "AKIAIOSFODNN7EXAMPLE" }],
    ["pass", lambda({ URL: "https://api.alpaca.markets", MLFLOW: "postgresql://$USER:$PASSWORD@host/db" })],
    ["fail", { type: "String", value: "AKIAIOSFODNN7EXAMPLE" }, /an AWS access key in clear text/],
    ["fail", lambda({ DB: "postgresql://app:hunter2@db:5432/x" }), /variable DB holds a password in an address/],
    [
      "fail",
      a("aws:ecs/taskDefinition:TaskDefinition", {
        containerDefinitions: container("KEY", "-----BEGIN RSA PRIVATE KEY-----"),
      }),
      /a private key/,
    ],
    [
      "fail",
      a("aws:batch/jobDefinition:JobDefinition", {
        containerProperties: JSON.stringify({ environment: [{ name: "T", value: `ghp_${"a".repeat(36)}` }] }),
      }),
      /a GitHub token/,
    ],
    [
      "fail",
      a("aws:codebuild/project:Project", {
        environment: { environmentVariables: [{ name: "A", value: "AKIAIOSFODNN7EXAMPLE" }] },
      }),
      /an AWS access key/,
    ],
    [
      "fail",
      a("awsx:ecs:FargateService", {
        taskDefinitionArgs: { container: { environment: [{ name: "A", value: "AKIAIOSFODNN7EXAMPLE" }] } },
      }),
      /an AWS access key/,
    ],
    ["undefined", a("aws:lambda/function:Function")],
    ["unknown", lambda({ A: unknown }), "cannot tell"],
    ["secret", lambda({ A: secret("AKIAIOSFODNN7EXAMPLE") }), /an AWS access key/],
  ),
  table(
    "listener-tls",
    listener,
    ["pass", { protocol: "HTTPS", sslPolicy: modern }],
    ["pass", { protocol: "HTTP", defaultActions: [toHttps] }],
    ["pass", { protocol: "TCP" }],
    [
      "pass",
      a("awsx:lb:ApplicationLoadBalancer", { listeners: [{ port: 443, protocol: "HTTPS", sslPolicy: modern }] }),
    ],
    ["fail", { protocol: "HTTP", defaultActions: [{ type: "forward" }] }, /plain HTTP is served/],
    [
      "fail",
      { protocol: "HTTP", defaultActions: [{ type: "redirect", redirect: { statusCode: "HTTP_301" } }] },
      /plain HTTP is served/,
    ],
    ["fail", { protocol: "HTTPS", sslPolicy: "ELBSecurityPolicy-2016-08" }, /below TLS 1.2/],
    ["fail", { protocol: "TLS" }, /default security policy/],
    ["fail", a("aws:alb/listener:Listener", { port: 80, defaultActions: [{ type: "forward" }] }), /plain HTTP/],
    [
      "fail",
      a("aws:elb/loadBalancer:LoadBalancer", { listeners: [{ lbProtocol: "http", lbPort: 80 }] }),
      /port 80 is not encrypted/,
    ],
    ["fail", a("awsx:lb:ApplicationLoadBalancer"), /default listener serves plain HTTP/],
    [
      "fail",
      [
        a(listener, { protocol: "HTTP", defaultActions: [toHttps] }, { name: "l" }),
        a(
          "aws:lb/listenerRule:ListenerRule",
          { actions: [{ type: "forward" }] },
          { name: "r", refs: { listenerArn: "l" } },
        ),
      ],
      /r: the rule serves plain HTTP/,
    ],
    [
      "pass",
      [
        a(listener, { protocol: "HTTPS", sslPolicy: modern }, { name: "l" }),
        a(
          "aws:lb/listenerRule:ListenerRule",
          { actions: [{ type: "forward" }] },
          { name: "r", refs: { listenerArn: "l" } },
        ),
      ],
    ],
    ["undefined", {}, /plain HTTP/],
    ["unknown", { protocol: unknown }, "cannot tell"],
    ["secret", { protocol: secret("HTTPS"), sslPolicy: modern }],
  ),
  table(
    "cloudfront-tls",
    "aws:cloudfront/distribution:Distribution",
    ["pass", distribution()],
    [
      "fail",
      distribution({ defaultCacheBehavior: { viewerProtocolPolicy: "allow-all" } }),
      /default behaviour is served without TLS/,
    ],
    [
      "fail",
      distribution({ orderedCacheBehaviors: [{ pathPattern: "/api/*", viewerProtocolPolicy: "allow-all" }] }),
      /\/api\/\* is served/,
    ],
    ["fail", distribution({ viewerCertificate: { cloudfrontDefaultCertificate: true } }), /admits TLS 1.0/],
    ["fail", distribution({ viewerCertificate: { minimumProtocolVersion: "TLSv1.1_2016" } }), /below TLS 1.2/],
    [
      "fail",
      distribution({
        origins: [
          {
            originId: "o",
            customOriginConfig: { originProtocolPolicy: "match-viewer", originSslProtocols: ["TLSv1.2"] },
          },
        ],
      }),
      /o may be reached without TLS/,
    ],
    [
      "fail",
      distribution({
        origins: [
          {
            originId: "o",
            customOriginConfig: { originProtocolPolicy: "https-only", originSslProtocols: ["TLSv1", "TLSv1.2"] },
          },
        ],
      }),
      /o may be reached with versions below/,
    ],
    ["undefined", distribution({ viewerCertificate: {} }), /below TLS 1.2/],
    ["unknown", distribution({ viewerCertificate: unknown }), "cannot tell"],
    ["secret", distribution({ viewerCertificate: secret({ minimumProtocolVersion: "TLSv1.2_2021" }) })],
  ),
];
