import { does, doc, inline, role, rolePolicy, trusts } from "../support/iam-documents";
import { secret, unknown } from "../support/pack";
import { a, table } from "../support/tables";

const attachment = "aws:iam/rolePolicyAttachment:RolePolicyAttachment";
const bucket = "aws:s3/bucket:Bucket";
const bucketPolicy = "aws:s3/bucketPolicy:BucketPolicy";
const reads = (secretName: string) =>
  does("secretsmanager:GetSecretValue", `arn:aws:secretsmanager:us-east-1:1:${secretName}`);
const tagged = (key: string, value: string, operator = "StringEquals") => ({
  Condition: { [operator]: { [key]: value } },
});
const lets = (Principal: unknown, more: object = {}) => ({
  policy: JSON.stringify({
    Statement: [{ Effect: "Allow", Principal, Action: "s3:GetObject", Resource: "*", ...more }],
  }),
});
/** A role's policy that reads a bucket or a secret, beside other resources. */
const reader = (arn: string, refs?: Record<string, string>) =>
  a(rolePolicy, does(["s3:GetObject", "secretsmanager:GetSecretValue"], arn), { name: "reader", refs });

export const stageIsolation = [
  table(
    "iam-stage-isolated",
    rolePolicy,
    ["pass", does("s3:GetObject", "arn:aws:s3:::algo-model-deploy-prod/*")],
    ["pass", does("s3:GetObject", "arn:aws:s3:::algo-model-deploy/*"), "nothing", { stage: "qa" }],
    [
      "pass",
      does("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:1:secret:trading-platform/prod/db-*"),
    ],
    ["pass", does("s3:GetObject", "arn:aws:s3:::market-data/*")],
    ["fail", does("s3:GetObject", "arn:aws:s3:::algo-model-deploy/*"), /of qa/],
    ["fail", does("s3:GetObject", "arn:aws:s3:::algo-model-deploy-prod/*"), /of prod/, { stage: "dev" }],
    ["fail", does("s3:GetObject", "arn:aws:s3:::algo-model-*/*"), /of /],
    [
      "fail",
      does("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:1:secret:trading-platform/prod/db-*"),
      /of prod/,
      { stage: "qa" },
    ],
    ["fail", does("secretsmanager:GetSecretValue"), /every stage's data/],
    ["fail", inline("ssm:GetParameter", "arn:aws:ssm:us-east-1:1:parameter/trading/dev/x"), /of dev/],
    // Names of the platform's: `<project>/<stack>/...` decides by its second part, a sure word before a likely one.
    ["pass", reads("secret:trading-platform/test/live/keys-AbCdEf"), "nothing", { stage: "qa" }],
    ["pass", reads("secret:desk/live-feed-dev-AbCdEf"), "nothing", { stage: "dev" }],
    ["fail", reads("secret:trading-platform/prod/paper/keys-AbCdEf"), /of prod/, { stage: "qa" }],
    ["fail", reads("secret:trading-platform/prod/dev-tools-AbCdEf"), /of prod/, { stage: "dev" }],
    ["fail", reads("secret:desk/paper-prod-bridge-AbCdEf"), /of prod/, { stage: "qa" }],
    ["pass", does("ssm:GetParametersByPath", "arn:aws:ssm:us-east-1:1:parameter/trading-platform/ami/*")],
    ["pass", does("ssm:GetParameter", "arn:aws:ssm:us-east-1::parameter/aws/service/*")],
    // Every way to write "all of them".
    ["fail", does("s3:Get*", "arn:aws:s3:::*/*"), /every stage's data|of /],
    ["fail", reads("secret:*"), /every stage's data/],
    ["fail", does("secretsmanager:GetSecretValue", "arn:aws:secretsmanager*"), /every stage's data/],
    ["fail", does("ssm:GetParameters", "arn:aws:ssm:*:*:parameter/*"), /every stage's data/],
    [
      "fail",
      {
        policy: JSON.stringify({
          Statement: { Effect: "Allow", NotAction: "iam:*", NotResource: "arn:aws:s3:::algo-model-deploy" },
        }),
      },
      /every stage's data/,
    ],
    ["pass", does("secretsmanager:GetRandomPassword")],
    // Conditions: only the tags of the stage or the stack keep to it, and all stages may share an account.
    ["pass", does("secretsmanager:GetSecretValue", "*", tagged("aws:ResourceTag/stage", "prod"))],
    ["pass", does("secretsmanager:GetSecretValue", "*", tagged("secretsmanager:ResourceTag/stack", "test"))],
    ["pass", does("s3:GetObject", "*", tagged("aws:ResourceTag/stage", "${aws:PrincipalTag/stage}"))],
    ["fail", does("s3:GetObject", "*", tagged("aws:ResourceTag/stage", "prod")), /of prod/, { stage: "dev" }],
    ["fail", does("s3:GetObject", "*", tagged("aws:ResourceTag/stage", "*")), /every stage's data/],
    ["fail", does("s3:GetObject", "*", tagged("aws:ResourceTag/stage", "prod", "StringEqualsIfExists")), /every stage/],
    ["fail", does("s3:GetObject", "*", tagged("aws:ResourceTag/project", "x")), /every stage's data/],
    ["fail", does("s3:GetObject", "*", tagged("aws:ResourceAccount", "123456789012")), /every stage's data/],
    [
      "fail",
      does(
        "kms:Decrypt",
        "*",
        tagged("kms:ResourceAliases", "alias/trading-platform-prod-data", "ForAnyValue:StringLike"),
      ),
      /kms:resourcealiases .* of prod/,
      { stage: "dev" },
    ],
    ["pass", does("s3:GetObject", "arn:aws:s3:::models-${aws:PrincipalTag/stage}/*"), "nothing", { stage: "dev" }],
    // Access points, directory buckets, roles and AWS's own policies.
    [
      "fail",
      does("s3:GetObject", "arn:aws:s3:us-east-1:1:accesspoint/prod-models/object/*"),
      /of prod/,
      { stage: "qa" },
    ],
    ["fail", does("s3express:CreateSession", "arn:aws:s3express:us-east-1:1:bucket/qa--use1-az4--x-s3"), /of qa/],
    ["fail", does("sts:AssumeRole", "arn:aws:iam::1:role/deploy-prod"), /of prod/, { stage: "dev" }],
    ["pass", does("iam:GetRole", "arn:aws:iam::1:role/deploy-prod"), "nothing", { stage: "dev" }],
    ["pass", a(attachment, { policyArn: "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore" })],
    ["fail", a(attachment, { policyArn: "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess" }), /AmazonS3ReadOnlyAccess/],
    [
      "fail",
      a(role, { managedPolicyArns: ["arn:aws:iam::aws:policy/service-role/AmazonEC2RoleforSSM"] }),
      /AmazonEC2RoleforSSM/,
    ],
    [
      "fail",
      a("aws:iam/policyAttachment:PolicyAttachment", { policyArn: "arn:aws:iam::1:policy/read-prod", roles: ["x"] }),
      /of prod/,
      { stage: "dev" },
    ],
    // Policies of buckets, secrets, keys and roles that let another stage in.
    ["pass", a(bucketPolicy, lets({ AWS: "arn:aws:iam::1:root" }))],
    ["pass", a("aws:kms/key:Key", lets({ AWS: "*" }, tagged("kms:ViaService", "s3.us-east-1.amazonaws.com")))],
    ["pass", a(bucketPolicy, lets("*", tagged("aws:PrincipalTag/stage", "prod")))],
    ["pass", a("aws:secretsmanager/secretPolicy:SecretPolicy", {})],
    ["fail", a(bucketPolicy, lets({ AWS: "arn:aws:iam::1:role/qa/fleet" })), /of qa in/],
    ["fail", a(bucketPolicy, lets("*", tagged("aws:PrincipalTag/stage", "dev"))), /of dev in/],
    ["fail", a(bucketPolicy, lets("*", tagged("aws:PrincipalAccount", "1"))), /every stage's roles/],
    ["fail", a("aws:s3/bucket:Bucket", lets({ AWS: "arn:aws:iam::1:role/trading-dev-job" })), /of dev in/],
    [
      "fail",
      a(
        "aws:secretsmanager/secret:Secret",
        lets("*", tagged("aws:PrincipalArn", "arn:aws:iam::1:role/qa-*", "ArnLike")),
      ),
      /of qa in/,
    ],
    ["fail", a("aws:kms/keyPolicy:KeyPolicy", lets({ AWS: ["arn:aws:iam::1:user/dev-ops"] })), /of dev in/],
    ["fail", a("aws:kms/grant:Grant", { granteePrincipal: "arn:aws:iam::1:role/qa-reader" }), /of qa/],
    ["fail", a(role, trusts({ AWS: "arn:aws:iam::1:role/trading-dev-job" })), /of dev in/],
    ["unknown", a(bucketPolicy, { policy: unknown }), "cannot tell"],
    ["secret", a(bucketPolicy, { policy: secret(lets({ AWS: "arn:aws:iam::1:role/qa" }).policy) }), /of qa/],
    // Two stages run the same program: names differ in Pulumi's seven digits only.
    ["pass", [a(bucket, {}, { name: "data" }), reader("arn:aws:s3:::data-0a1b2c3/*", { policy: "data" })]],
    ["pass", [a(bucket, { bucket: "data-0a1b2c3" }, { name: "data" }), reader("arn:aws:s3:::data-0a1b2c3/*")]],
    ["pass", [a(bucket, { bucket: "desk-data" }, { name: "data" }), reader("arn:aws:s3:::data-*/*")]],
    [
      "pass",
      [a(bucket, { bucket: unknown }, { name: "data" }), reader("arn:aws:s3:::data-0a1b2c3", { policy: "data" })],
    ],
    ["fail", [a(bucket, {}, { name: "data" }), reader("arn:aws:s3:::data-0a1b2c3/*")], /data of another stack/],
    ["fail", [a(bucket, {}, { name: "data" }), reader("arn:aws:s3:::da*/*")], /data of another stack/],
    [
      "fail",
      [
        a(bucket, { bucket: "data-0a1b2c3" }, { name: "data" }),
        reader("arn:aws:s3:::data-fffffff/*", { policy: "data" }),
      ],
      /data of another stack/,
    ],
    [
      "fail",
      [
        a("aws:secretsmanager/secret:Secret", {}, { name: "db" }),
        reader("arn:aws:secretsmanager:us-east-1:1:secret:db-0a1b2c3-AbCdEf"),
      ],
      /db of another stack/,
    ],
    [
      "fail",
      [
        a("aws:secretsmanager/secret:Secret", {}, { name: "db" }),
        a("aws:iam/policy:Policy", does("secretsmanager:*", "arn:aws:secretsmanager:us-east-1:1:secret:db-*"), {
          name: "p",
        }),
      ],
      /db of another stack/,
    ],
    [
      "fail",
      [
        a(role, {}, { name: "fleet" }),
        a(bucketPolicy, lets({ AWS: "arn:aws:iam::1:role/fleet-0a1b2c3" }), { name: "p" }),
      ],
      /fleet of another stack/,
    ],
    ["fail", [reader("arn:aws:s3:::feed-0a1b2c3/*")], { advisory: /of this stage\?/ }],
    ["unknown", [a(bucket, {}, { name: "data" }), a(rolePolicy, { policy: unknown }, { name: "p" })], "cannot tell"],
    ["undefined", {}],
    ["unknown", { policy: unknown }, "cannot tell"],
    ["secret", { policy: secret(doc("s3:GetObject")) }, /every stage's data/],
  ),
];
