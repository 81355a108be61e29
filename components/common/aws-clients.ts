/* eslint-disable @typescript-eslint/no-require-imports -- only require is late here without being slow: see below */

/**
 * AWS's own clients, for what a program has to know before it registers anything. Each is loaded when it is first asked for:
 * a stack that asks nothing pays nothing. By `require`, since Node parses a CommonJS package twice more to `import()` it
 * (0.5 s of the start for S3's alone).
 */
export const awsClients = {
  accessAnalyzer: () => require("@aws-sdk/client-accessanalyzer") as typeof import("@aws-sdk/client-accessanalyzer"),
  configService: () => require("@aws-sdk/client-config-service") as typeof import("@aws-sdk/client-config-service"),
  guardDuty: () => require("@aws-sdk/client-guardduty") as typeof import("@aws-sdk/client-guardduty"),
  s3: () => require("@aws-sdk/client-s3") as typeof import("@aws-sdk/client-s3"),
  securityHub: () => require("@aws-sdk/client-securityhub") as typeof import("@aws-sdk/client-securityhub"),
  ssm: () => require("@aws-sdk/client-ssm") as typeof import("@aws-sdk/client-ssm"),
};
