import { secret, unknown } from "../support/pack";
import { a, table } from "../support/tables";

const role = "aws:iam/role:Role";
const rolePolicy = "aws:iam/rolePolicy:RolePolicy";
const instance = "aws:ec2/instance:Instance";
const template = "aws:ec2/launchTemplate:LaunchTemplate";
const permission = "aws:lambda/permission:Permission";
const doc = (Action: unknown, Resource: unknown = "*", more: object = {}) =>
  JSON.stringify({ Statement: [{ Effect: "Allow", Action, Resource, ...more }] });
const does = (...args: Parameters<typeof doc>) => ({ policy: doc(...args) });
const inline = (...args: Parameters<typeof doc>) => a(role, { inlinePolicies: [{ policy: doc(...args) }] });
const trusts = (Principal: unknown, Condition?: unknown) => ({
  assumeRolePolicy: JSON.stringify({
    Statement: [{ Effect: "Allow", Principal, Action: "sts:AssumeRole", ...(Condition ? { Condition } : {}) }],
  }),
});
const github = { Federated: "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" };
const sub = (value: string | string[], operator = "StringEquals") => ({
  StringEquals: { "token.actions.githubusercontent.com:aud": "sts.amazonaws.com" },
  [operator]: {
    "token.actions.githubusercontent.com:sub": value,
    ...(operator === "StringEquals" ? { "token.actions.githubusercontent.com:aud": "sts.amazonaws.com" } : {}),
  },
});
const lambda = (variables: unknown, more: object = { kmsKeyArn: "k" }) =>
  a("aws:lambda/function:Function", { environment: { variables }, ...more });
const task = (container: object, more: object = {}) => ({
  containerDefinitions: JSON.stringify([{ name: "bot", readonlyRootFilesystem: true, ...container }]),
  ...more,
});
const base64 = (text: string) => Buffer.from(text).toString("base64");

export const identity = [
  table(
    "iam-no-admin",
    rolePolicy,
    ["pass", does("s3:GetObject", "arn:aws:s3:::b/*")],
    [
      "pass",
      a("aws:iam/rolePolicyAttachment:RolePolicyAttachment", {
        policyArn: "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
      }),
    ],
    ["fail", does("*"), /allows everything/],
    ["fail", inline(["*"]), /allows everything/],
    ["fail", a("aws:iam/policy:Policy", does("*:*")), /allows everything/],
    ["fail", a(role, { managedPolicyArns: ["arn:aws:iam::aws:policy/AdministratorAccess"] }), /AdministratorAccess/],
    [
      "fail",
      a("aws:iam/rolePolicyAttachment:RolePolicyAttachment", { policyArn: "arn:aws:iam::aws:policy/IAMFullAccess" }),
      /IAMFullAccess/,
    ],
    [
      "fail",
      a("aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive", {
        policyArns: ["arn:aws:iam::aws:policy/PowerUserAccess"],
      }),
      /PowerUserAccess/,
    ],
    ["undefined", a(role)],
    ["unknown", { policy: unknown }, "cannot tell"],
    ["secret", { policy: secret(doc("*")) }, /allows everything/],
  ),
  table(
    "iam-no-wildcard-action",
    rolePolicy,
    ["pass", does(["ec2:Describe*", "s3:GetObject"])],
    ["pass", does("s3:*", "*", { Effect: "Deny" })],
    ["fail", does("s3:*", "arn:aws:s3:::b"), /allows s3:\*/],
    ["fail", does(["*"]), /allows \*/],
    ["fail", does(undefined, "*", { NotAction: "iam:*" }), /NotAction/],
    ["fail", inline("sqs:*"), /sqs:\*/],
    ["undefined", a("aws:iam/policy:Policy")],
    ["unknown", { policy: unknown }, "cannot tell"],
    ["secret", { policy: secret(doc("s3:*")) }, /s3:\*/],
  ),
  table(
    "iam-no-decrypt-everything",
    rolePolicy,
    ["pass", does("kms:Decrypt", "arn:aws:kms:us-east-1:123456789012:key/1")],
    [
      "pass",
      does("kms:Decrypt", "*", { Condition: { StringEquals: { "kms:ViaService": "s3.us-east-1.amazonaws.com" } } }),
    ],
    ["pass", does("kms:ListKeys")],
    ["fail", does("kms:Decrypt"), /decrypts with every key/],
    ["fail", does("kms:*", "arn:aws:kms:us-east-1:123456789012:key/*"), /every key/],
    ["fail", does(undefined, "*", { NotAction: "iam:*" }), /every key/],
    ["fail", inline(["kms:De*"]), /every key/],
    ["undefined", {}],
    ["unknown", { policy: unknown }, "cannot tell"],
    ["secret", { policy: secret(doc("kms:Decrypt")) }, /every key/],
  ),
  table(
    "no-iam-users",
    "aws:iam/user:User",
    ["pass", a(role)],
    ["fail", { name: "bot" }, /IAM user/],
    ["fail", a("aws:iam/accessKey:AccessKey"), /access key/],
    ["fail", a("aws:iam/userLoginProfile:UserLoginProfile"), /console password/],
    ["undefined", {}, /IAM user/],
    ["unknown", { name: unknown }, /IAM user/],
    ["secret", a("aws:iam/accessKey:AccessKey", { user: secret("bot") }), /access key/],
  ),
  table(
    "iam-resource-scoped",
    rolePolicy,
    ["pass", does("s3:GetObject", "arn:aws:s3:::b/*")],
    ["pass", does(["ec2:DescribeInstances", "cloudwatch:PutMetricData", "ecr:GetAuthorizationToken"])],
    ["pass", does("ec2:StopInstances", "*", { Condition: { StringEquals: { "aws:ResourceTag/stack": "prod" } } })],
    ["fail", does("ec2:StopInstances"), /ec2:StopInstances on every resource/],
    ["fail", does(["ec2:DescribeInstances", "s3:ListBucket"]), /s3:ListBucket on every resource/],
    ["fail", does("ec2:StopInstances"), { advisory: /every resource/ }, { stage: "dev" }],
    ["fail", does("sqs:SendMessage", undefined, { NotResource: "arn:aws:sqs:us-east-1:1:q" }), /every resource/],
    ["undefined", {}],
    ["unknown", { policy: unknown }, "cannot tell"],
    ["secret", { policy: secret(doc("dynamodb:PutItem")) }, /every resource/],
  ),
  table(
    "iam-no-privilege-escalation",
    rolePolicy,
    ["pass", does("iam:PassRole", "arn:aws:iam::123456789012:role/task")],
    [
      "pass",
      does("iam:PassRole", "*", { Condition: { StringEquals: { "iam:PassedToService": "ecs-tasks.amazonaws.com" } } }),
    ],
    ["pass", does("iam:PutRolePolicy", "*", { Condition: { StringEquals: { "iam:PermissionsBoundary": "arn" } } })],
    ["fail", does("iam:PassRole"), /iam:PassRole on anything/],
    ["fail", does("iam:Put*", "arn:aws:iam::123456789012:role/*"), /iam:PutUserPolicy/],
    ["fail", inline("sts:AssumeRole"), /sts:AssumeRole/],
    ["fail", does("lambda:Update*", "arn:aws:lambda:us-east-1:123456789012:function:*"), /lambda:UpdateFunctionCode/],
    ["undefined", {}],
    ["unknown", { policy: unknown }, "cannot tell"],
    ["secret", { policy: secret(doc("iam:CreateAccessKey")) }, /iam:CreateAccessKey/],
  ),
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
    ["undefined", {}],
    ["unknown", { policy: unknown }, "cannot tell"],
    ["secret", { policy: secret(doc("s3:GetObject")) }, /every stage's data/],
  ),
  table(
    "iam-trust-scoped",
    role,
    ["pass", trusts({ Service: "ec2.amazonaws.com" })],
    ["pass", trusts({ AWS: "arn:aws:iam::123456789012:role/deploy" })],
    ["pass", trusts({ AWS: "arn:aws:iam::123456789012:root" }, { StringEquals: { "sts:ExternalId": "x" } })],
    ["fail", trusts("*"), /anybody/],
    ["fail", trusts({ AWS: "*" }), /anybody/],
    ["fail", trusts({ AWS: "arn:aws:iam::999999999999:root" }), /every identity of the account/],
    ["fail", trusts({ AWS: "999999999999" }), /every identity/],
    ["fail", trusts({ Service: "*" }), /every service/],
    ["fail", trusts(github), /trusts everybody/],
    ["undefined", {}],
    ["unknown", { assumeRolePolicy: unknown }, "cannot tell"],
    ["secret", { assumeRolePolicy: secret(trusts("*").assumeRolePolicy) }, /anybody/],
  ),
  table(
    "oidc-subject-pinned",
    role,
    ["pass", trusts(github, sub("repo:org/trading:ref:refs/heads/main"))],
    ["pass", trusts(github, sub("repo:org/trading:*", "StringLike"))],
    ["pass", trusts({ Service: "ec2.amazonaws.com" })],
    ["fail", trusts(github), /any subject/],
    ["fail", trusts(github, sub("repo:org/*", "StringLike")), /takes the subject repo:org\/\*/],
    ["fail", trusts(github, sub("*", "StringLike")), /takes the subject \*/],
    ["fail", trusts(github, sub("repo:org/trading:*")), /takes the subject/],
    ["fail", trusts(github, sub("repo:org/x:*", "StringNotLike")), /any subject but/],
    [
      "fail",
      trusts(github, {
        StringEquals: { "token.actions.githubusercontent.com:sub": "repo:org/trading:environment:prod" },
      }),
      /any audience/,
    ],
    ["undefined", {}],
    ["unknown", { assumeRolePolicy: unknown }, "cannot tell"],
    ["secret", { assumeRolePolicy: secret(trusts(github).assumeRolePolicy) }, /any subject/],
  ),
  table(
    "lambda-permission-scoped",
    permission,
    ["pass", { principal: "events.amazonaws.com", sourceArn: unknown }],
    ["pass", { principal: "123456789012" }],
    ["pass", { principal: "*", principalOrgId: "o-1" }],
    ["fail", { principal: "sns.amazonaws.com" }, /sns.amazonaws.com may call it on anybody's behalf/],
    ["fail", { principal: "*" }, /anybody may call/],
    ["undefined", { principal: "s3.amazonaws.com", sourceArn: "" }, /on anybody's behalf/],
    ["unknown", { principal: unknown }, "cannot tell"],
    ["secret", { principal: secret("*") }, /anybody may call/],
  ),
  table(
    "instance-has-profile",
    instance,
    ["pass", { iamInstanceProfile: "p" }],
    ["pass", { launchTemplate: { id: "lt" } }],
    ["pass", a(template, { iamInstanceProfile: { name: unknown } })],
    ["fail", { iamInstanceProfile: "" }, /no instance profile/],
    ["fail", a(template), /no instance profile/],
    ["fail", a(template, {}, { name: "eks-nodes" }), { advisory: /no instance profile/ }],
    ["undefined", {}, /no instance profile/],
    ["unknown", { iamInstanceProfile: unknown }],
    ["secret", { iamInstanceProfile: secret("p") }],
  ),
  table(
    "no-secret-in-user-data",
    instance,
    [
      "pass",
      {
        userData:
          "#!/bin/bash\nPASSWORD=$(aws secretsmanager get-secret-value)\nexport TOKEN=${TOKEN_FILE}\nDB_SECRET_ARN=arn:aws:secretsmanager:x",
      },
    ],
    ["pass", a(template, { userData: base64("#!/bin/bash\necho hello") })],
    ["fail", { userData: "export DB_PASSWORD=hunter2hunter2" }, /gives DB_PASSWORD a value/],
    ["fail", { userDataBase64: base64('API_KEY="abcdef123456"') }, /gives API_KEY a value/],
    ["fail", a(template, { userData: base64("AWS_KEY AKIAIOSFODNN7EXAMPLE") }), /an AWS access key/],
    [
      "fail",
      a("aws:ec2/launchConfiguration:LaunchConfiguration", { userData: "-----BEGIN PRIVATE KEY-----" }),
      /a private key/,
    ],
    ["fail", a("eks:index:NodeGroupV2", { nodeUserData: "TOKEN=abcdefgh" }), /gives TOKEN a value/],
    ["undefined", {}],
    ["unknown", { userData: unknown }, "cannot tell"],
    ["secret", { userData: secret("SECRET_KEY=abcdefgh") }, /gives SECRET_KEY a value/],
  ),
  table(
    "no-secret-in-environment",
    "aws:ecs/taskDefinition:TaskDefinition",
    ["pass", lambda({ DB_SECRET_ARN: "arn:aws:secretsmanager:x", TOKEN: "arn:aws:x", TOKENS_PER_MINUTE_COUNT: "5" })],
    ["pass", { containerDefinitions: JSON.stringify([{ secrets: [{ name: "DB_PASSWORD", valueFrom: "arn" }] }]) }],
    [
      "fail",
      { containerDefinitions: JSON.stringify([{ environment: [{ name: "DB_PASSWORD", value: "hunter2" }] }]) },
      /DB_PASSWORD has a value/,
    ],
    ["fail", lambda({ ALPACA_API_KEY: "abc" }), /ALPACA_API_KEY has a value/],
    ["fail", lambda({ A: "b" }, {}), { advisory: /no customer key/ }],
    [
      "fail",
      a("aws:codebuild/project:Project", { environment: { environmentVariables: [{ name: "TOKEN", value: "abc" }] } }),
      /TOKEN has a value/,
    ],
    ["undefined", a("aws:lambda/function:Function")],
    ["unknown", lambda({ DB_PASSWORD: unknown }), "cannot tell"],
    ["secret", lambda({ DB_PASSWORD: secret("hunter2") }), /DB_PASSWORD has a value/],
  ),
  table(
    "secret-rotates",
    "aws:secretsmanager/secret:Secret",
    [
      "pass",
      [
        a("aws:secretsmanager/secret:Secret", {}, { name: "s" }),
        a(
          "aws:secretsmanager/secretRotation:SecretRotation",
          { rotationRules: { automaticallyAfterDays: 30 } },
          { name: "r", refs: { secretId: "s" } },
        ),
      ],
    ],
    ["fail", [a("aws:secretsmanager/secret:Secret")], /nothing rotates/],
    ["fail", [a("aws:secretsmanager/secret:Secret")], { advisory: /nothing rotates/ }, { stage: "dev" }],
    [
      "fail",
      a("aws:secretsmanager/secretRotation:SecretRotation", { rotationRules: { automaticallyAfterDays: 365 } }),
      /every 365 days/,
    ],
    ["undefined", a("aws:secretsmanager/secretRotation:SecretRotation")],
    ["unknown", a("aws:secretsmanager/secretRotation:SecretRotation", { rotationRules: unknown }), "cannot tell"],
    [
      "secret",
      a("aws:secretsmanager/secretRotation:SecretRotation", { rotationRules: secret({ automaticallyAfterDays: 365 }) }),
      /365/,
    ],
  ),
  table(
    "ecr-immutable-and-scanned",
    "aws:ecr/repository:Repository",
    ["pass", { imageTagMutability: "IMMUTABLE", imageScanningConfiguration: { scanOnPush: true } }],
    ["fail", { imageTagMutability: "MUTABLE", imageScanningConfiguration: { scanOnPush: true } }, /another image/],
    ["fail", { imageTagMutability: "IMMUTABLE", imageScanningConfiguration: { scanOnPush: false } }, /not scanned/],
    ["undefined", a("awsx:ecr:Repository"), /another image/],
    ["unknown", { imageTagMutability: unknown }, "cannot tell"],
    ["secret", { imageTagMutability: secret("IMMUTABLE"), imageScanningConfiguration: secret({ scanOnPush: true }) }],
  ),
  table(
    "container-not-privileged",
    "aws:ecs/taskDefinition:TaskDefinition",
    ["pass", task({})],
    ["pass", task({}, { taskRoleArn: "a", executionRoleArn: "b" })],
    ["fail", task({ privileged: true }), /bot is privileged/],
    ["fail", task({ readonlyRootFilesystem: false }), { advisory: /bot may write/ }],
    ["fail", task({}, { pidMode: "host" }), /host's processes/],
    ["fail", task({}, { ipcMode: "host" }), /host's memory/],
    ["fail", task({}, { taskRoleArn: "a", executionRoleArn: "a" }), /one role for both/],
    [
      "fail",
      a("aws:batch/jobDefinition:JobDefinition", { containerProperties: JSON.stringify({ privileged: true }) }),
      /privileged/,
    ],
    [
      "fail",
      a("aws:codebuild/project:Project", { environment: { privilegedMode: true } }),
      { advisory: /rights on their host/ },
    ],
    ["undefined", {}],
    ["unknown", { containerDefinitions: unknown }, "cannot tell"],
    ["secret", { containerDefinitions: secret(task({ privileged: true }).containerDefinitions) }, /privileged/],
  ),
];
