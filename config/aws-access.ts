import * as pulumi from "@pulumi/pulumi";

/**
 * How the program itself reaches AWS where a data source cannot do the work (listing the deploy bucket): as the provider
 * does, by `aws:profile`, and by `AWS_ENDPOINT_URL` for an emulated AWS.
 */
export function awsAccess(region: string): {
  region: string;
  profile?: string | undefined;
  endpoint?: string | undefined;
} {
  return {
    region,
    profile: new pulumi.Config("aws").get("profile"),
    endpoint: process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL,
  };
}
