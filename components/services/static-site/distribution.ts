import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { balancerName } from "../load-balancer";
import type { StaticSiteArgs } from ".";

/** AWS's own policies by id, as CloudFront's developer guide lists them; they are the same in every account. */
const managed = {
  cachingDisabled: "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
  allViewerExceptHostHeader: "b689b0a8-53d0-40ab-baf2-68738e2966ac",
};

/** Security policies of viewers by the oldest TLS version. */
export const viewerPolicies = { "1.2": "TLSv1.2_2021", "1.3": "TLSv1.3_2025" } as const;

const priceClasses = { all: "PriceClass_All", "north-america-and-europe": "PriceClass_100" } as const;

const defaultContentPolicy =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; frame-ancestors 'none'";

export interface DistributionContext {
  readonly parent: pulumi.Resource;
  readonly bucket: aws.s3.Bucket;
  readonly functionCode: string;
  readonly files: readonly pulumi.Resource[];
  readonly firewallArn: pulumi.Input<string>;
  readonly certificateArn: pulumi.Input<string> | undefined;
}

/** The distribution with its origin access control, function and policies. */
export function createDistribution(
  name: string,
  args: StaticSiteArgs,
  context: DistributionContext,
): aws.cloudfront.Distribution {
  const { parent, bucket } = context;
  const behavior = siteBehavior(name, args, context);
  const access = new aws.cloudfront.OriginAccessControl(
    `${name}-access`,
    {
      // CloudFront's names are the account's: the stack is part of them.
      name: balancerName(name, "access"),
      description: `Reads the files of ${name}`,
      originAccessControlOriginType: "s3",
      signingBehavior: "always",
      signingProtocol: "sigv4",
    },
    { parent },
  );
  return new aws.cloudfront.Distribution(
    `${name}-distribution`,
    {
      enabled: true,
      comment: `Site ${name}`,
      httpVersion: "http2and3",
      isIpv6Enabled: true,
      priceClass: priceClasses[args.edges ?? "all"],
      aliases: args.domain ? [args.domain.domainName] : [],
      defaultRootObject: "index.html",
      webAclId: context.firewallArn,
      origins: [
        { originId: "files", domainName: bucket.bucketRegionalDomainName, originAccessControlId: access.id },
        ...(args.api
          ? [
              {
                originId: "api",
                domainName: args.api.domainName,
                customOriginConfig: {
                  httpPort: 80,
                  httpsPort: 443,
                  originProtocolPolicy: "https-only",
                  originSslProtocols: ["TLSv1.2"], // the newest that CloudFront speaks to an origin
                },
              },
            ]
          : []),
      ],
      defaultCacheBehavior: behavior,
      orderedCacheBehaviors: (args.api?.paths ?? []).map((pathPattern) => ({
        pathPattern,
        targetOriginId: "api",
        viewerProtocolPolicy: "https-only",
        allowedMethods: ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"],
        cachedMethods: ["GET", "HEAD"],
        cachePolicyId: managed.cachingDisabled,
        originRequestPolicyId: managed.allViewerExceptHostHeader,
        compress: true,
      })),
      viewerCertificate: context.certificateArn
        ? {
            acmCertificateArn: context.certificateArn,
            sslSupportMethod: "sni-only",
            minimumProtocolVersion: viewerPolicies[args.minimumTls ?? "1.2"],
          }
        : { cloudfrontDefaultCertificate: true },
      restrictions: { geoRestriction: { restrictionType: "none" } },
      tags: { Name: name },
    },
    { parent },
  );
}

function siteBehavior(name: string, args: StaticSiteArgs, { parent, functionCode, files }: DistributionContext) {
  const chooser = new aws.cloudfront.Function(
    `${name}-release`,
    {
      name: balancerName(name, "release"),
      comment: "Puts the live release in front of the path",
      runtime: "cloudfront-js-2.0",
      code: functionCode,
      publish: true,
    },
    { parent, dependsOn: [...files] },
  );
  const cache = new aws.cloudfront.CachePolicy(
    `${name}-cache`,
    {
      name: balancerName(name, "cache"),
      comment: "As long as the files' own Cache-Control says; the release is part of the path",
      minTtl: 0,
      defaultTtl: 86_400,
      maxTtl: 31_536_000,
      parametersInCacheKeyAndForwardedToOrigin: {
        cookiesConfig: { cookieBehavior: "none" },
        headersConfig: { headerBehavior: "none" },
        queryStringsConfig: { queryStringBehavior: "none" },
        enableAcceptEncodingBrotli: true,
        enableAcceptEncodingGzip: true,
      },
    },
    { parent },
  );
  return {
    targetOriginId: "files",
    viewerProtocolPolicy: "redirect-to-https",
    allowedMethods: ["GET", "HEAD", "OPTIONS"],
    cachedMethods: ["GET", "HEAD"],
    cachePolicyId: cache.id,
    responseHeadersPolicyId: createHeaders(name, args, parent).id,
    compress: true,
    functionAssociations: [{ eventType: "viewer-request", functionArn: chooser.arn }],
  };
}

function createHeaders(
  name: string,
  args: StaticSiteArgs,
  parent: pulumi.Resource,
): aws.cloudfront.ResponseHeadersPolicy {
  const { allowedOrigins = [] } = args;
  return new aws.cloudfront.ResponseHeadersPolicy(
    `${name}-headers`,
    {
      name: balancerName(name, "headers"),
      comment: "Security headers and CORS",
      securityHeadersConfig: {
        contentSecurityPolicy: {
          contentSecurityPolicy: args.contentSecurityPolicy ?? defaultContentPolicy,
          override: true,
        },
        contentTypeOptions: { override: true },
        frameOptions: { frameOption: "DENY", override: true },
        referrerPolicy: { referrerPolicy: "strict-origin-when-cross-origin", override: true },
        strictTransportSecurity: {
          accessControlMaxAgeSec: 63_072_000,
          includeSubdomains: true,
          preload: false,
          override: true,
        },
      },
      customHeadersConfig: {
        items: [{ header: "permissions-policy", value: "camera=(), geolocation=(), microphone=()", override: true }],
      },
      ...(allowedOrigins.length > 0
        ? {
            corsConfig: {
              accessControlAllowCredentials: false,
              accessControlAllowHeaders: { items: ["*"] },
              accessControlAllowMethods: { items: ["GET", "HEAD", "OPTIONS"] },
              accessControlAllowOrigins: { items: [...allowedOrigins] },
              accessControlMaxAgeSec: 3600,
              originOverride: true,
            },
          }
        : {}),
    },
    { parent },
  );
}
