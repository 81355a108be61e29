import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { engineReport } from "../../components/common/report";
import { ValidationError } from "../../components/common/validation";
import { StaticSite, siteBucketPolicy, type StaticSiteArgs } from "../../components/services/static-site";
import { edgeFunction } from "../../components/services/static-site/edge-function";
import { cacheControlOf, contentTypeOf, maxFiles, readRelease } from "../../components/services/static-site/release";
import stack from "../../index";
import { planAnswers } from "../../plan/evaluate/answers";
import { runProgram } from "../../plan/evaluate/monitor";
import { register, Registered, testCloud } from "../support/program";

const folder = join(__dirname, "fixtures", "site");
const args: StaticSiteArgs = {
  cloud: testCloud,
  folder,
  domain: { domainName: "terminal.example.com", zoneId: "Z1" },
  api: { domainName: "api.terminal.example.com", paths: ["/api/*", "/ws"] },
  allowedOrigins: ["https://example.com"],
  alarmTopicArn: "arn:topic",
};
const build = (change: Partial<StaticSiteArgs> = {}) =>
  register(() => {
    const site = new StaticSite("site", { ...args, ...change });
    return { release: site.release, url: site.url };
  });
interface DistributionInputs {
  readonly aliases: string[];
  readonly webAclId: string;
  readonly origins: Record<string, unknown>[];
  readonly defaultCacheBehavior: Record<string, unknown>;
  readonly orderedCacheBehaviors: Record<string, unknown>[];
  readonly viewerCertificate: Record<string, unknown>;
}
const distributionOf = (program: Awaited<ReturnType<typeof build>>) =>
  program.one("aws:cloudfront/distribution:Distribution").inputs as unknown as DistributionInputs;

describe("StaticSite", () => {
  it("serves a private, encrypted bucket through CloudFront alone", async () => {
    const program = await build();
    const block = program.one(
      "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
      "site-files-public-access",
    ).inputs;
    for (const flag of ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"])
      assert.equal(block[flag], true, flag);
    const encryption = program.one(
      "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
      "site-files-encryption",
    ).inputs;
    assert.match(JSON.stringify(encryption.rules), /"sseAlgorithm":"aws:kms"/);
    assert.match(
      String(program.one("aws:kms/key:Key", "files-key").inputs.policy),
      /cloudfront\.amazonaws\.com/,
      "or CloudFront could not read what it is allowed to",
    );
    const [origin] = distributionOf(program).origins;
    assert.ok(origin!.originAccessControlId);
    const policy = siteBucketPolicy("arn:aws:s3:::b", "arn:aws:cloudfront::1:distribution/E1");
    for (const statement of policy.Statement.filter(({ Effect }) => Effect === "Allow")) {
      assert.deepEqual(statement.Condition, {
        StringEquals: { "aws:SourceArn": "arn:aws:cloudfront::1:distribution/E1" },
      });
    }
  });

  it("speaks TLS 1.2 and up to viewers and to the API, behind a firewall of us-east-1", async () => {
    const program = await build();
    const distribution = distributionOf(program);
    assert.equal(distribution.viewerCertificate.minimumProtocolVersion, "TLSv1.2_2021");
    assert.equal(distribution.defaultCacheBehavior.viewerProtocolPolicy, "redirect-to-https");
    assert.deepEqual(distribution.origins[1]!.customOriginConfig, {
      httpPort: 80,
      httpsPort: 443,
      originProtocolPolicy: "https-only",
      originSslProtocols: ["TLSv1.2"],
    });
    assert.deepEqual(
      distribution.orderedCacheBehaviors.map(({ pathPattern, targetOriginId }) => [pathPattern, targetOriginId]),
      [
        ["/api/*", "api"],
        ["/ws", "api"],
      ],
    );
    const acl = program.one("aws:wafv2/webAcl:WebAcl");
    assert.equal(acl.inputs.scope, "CLOUDFRONT");
    assert.match(distribution.webAclId, /wafv2/);
    assert.equal(program.ofType("aws:wafv2/webAclAssociation:WebAclAssociation").length, 0, "attached by ARN");
  });

  it("sends security headers, and CORS to the origins that it names", async () => {
    const headers = (await build()).one("aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy").inputs as {
      securityHeadersConfig: Record<string, Record<string, unknown>>;
      corsConfig?: { accessControlAllowOrigins: object };
    };
    const { securityHeadersConfig: security } = headers;
    assert.equal(security.strictTransportSecurity!.accessControlMaxAgeSec, 63_072_000);
    assert.equal(security.frameOptions!.frameOption, "DENY");
    assert.match(String(security.contentSecurityPolicy!.contentSecurityPolicy), /^default-src 'self'/);
    assert.deepEqual(headers.corsConfig!.accessControlAllowOrigins, { items: ["https://example.com"] });
    const without = (await build({ allowedOrigins: [] })).one(
      "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy",
    );
    assert.equal("corsConfig" in without.inputs, false);
  });

  it("uploads a release under its own name, keeps it for the way back, and goes live after its last file", async () => {
    const program = await build();
    const { release } = program.result.outputs as { release: string };
    assert.match(release, /^[0-9a-f]{12}$/);
    const objects = program.ofType("aws:s3/bucketObjectv2:BucketObjectv2");
    assert.deepEqual(objects.map(({ inputs }) => inputs.key).sort(), [
      `releases/${release}/assets/app-3f9a1c2b.js`,
      `releases/${release}/index.html`,
      `releases/${release}/manifest.webmanifest`,
    ]);
    const chooser = program.one("aws:cloudfront/function:Function");
    for (const object of objects) {
      assert.equal(object.retainOnDelete, true);
      assert.ok(chooser.dependencies.includes(object.urn), object.name);
    }
    assert.match(String(chooser.inputs.code), new RegExp(`/releases/${release}`));
  });

  it("goes back to an earlier release by its name alone", async () => {
    const program = await build({ release: "0123456789ab" });
    assert.match(String(program.one("aws:cloudfront/function:Function").inputs.code), /\/releases\/0123456789ab/);
    const bare = await build({ release: "0123456789ab", folder: undefined });
    assert.equal(bare.ofType("aws:s3/bucketObjectv2:BucketObjectv2").length, 0);
  });

  it("has its certificate, records, logs and alarm where CloudFront wants them", async () => {
    const program = await build({ cloud: { ...testCloud, region: "eu-west-1" } });
    for (const type of [
      "aws:acm/certificate:Certificate",
      "aws:acm/certificateValidation:CertificateValidation",
      "aws:cloudwatch/logDeliverySource:LogDeliverySource",
      "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination",
      "aws:cloudwatch/logDelivery:LogDelivery",
    ])
      assert.equal(program.one(type).inputs.region, "us-east-1", type);
    const alarm = program.one("aws:cloudwatch/metricAlarm:MetricAlarm", "errors-alarm").inputs;
    assert.deepEqual([alarm.region, alarm.alarmActions], ["us-east-1", ["arn:topic"]]);
    const records = program.ofType("aws:route53/record:Record").map(({ inputs }) => inputs.type);
    assert.deepEqual(records.sort(), ["A", "AAAA", "CNAME"]);
    const here = (await build()).one("aws:cloudwatch/metricAlarm:MetricAlarm", "errors-alarm").inputs;
    assert.deepEqual(here.alarmActions, ["arn:topic"]);
  });

  it("of a stack in another Region tells people by topics where CloudFront's figures are", async () => {
    const region = "eu-west-1";
    const settings = {
      stage: "dev",
      owner: "desk",
      monitoring: JSON.stringify({ emails: { critical: ["desk@example.com"], warning: ["desk@example.com"] } }),
      site: JSON.stringify({ release: "0123456789ab" }),
    };
    const config = Object.entries(settings).map(([key, value]) => [`trading-platform:${key}`, value]);
    const result = await runProgram(() => stack({ ...engineReport, offline: true }), {
      project: "trading-platform",
      stack: "test",
      config: { "aws:region": region, ...(Object.fromEntries(config) as Record<string, string>) },
      answers: planAnswers(region),
    });
    const alarms = new Registered(result)
      .ofType("aws:cloudwatch/metricAlarm:MetricAlarm")
      .filter(({ name }) => name.startsWith("site-"));
    assert.equal(alarms.length, 2, "errors, and what the firewall blocks");
    for (const { inputs } of alarms) {
      assert.equal(inputs.region, "us-east-1");
      assert.match(String(inputs.alarmActions), /^arn:aws:sns:us-east-1:/);
    }
  });

  it("works on CloudFront's own name too", async () => {
    const program = await build({ domain: undefined });
    assert.deepEqual(distributionOf(program).viewerCertificate, { cloudfrontDefaultCertificate: true });
    assert.match((program.result.outputs as { url: string }).url, /^https:\/\/.*\.cloudfront\.net$/);
    assert.equal(program.ofType("aws:route53/record:Record").length, 0);
  });

  describe("refuses", () => {
    const table: [string, Partial<StaticSiteArgs>, RegExp][] = [
      ["a folder that is not there", { folder: "nowhere" }, /folder: is not a folder[^]*Build the site first/],
      [
        "a folder that is no site",
        { folder: join(folder, "assets") },
        /folder: has no index\.html[^]*the folder that the build writes/,
      ],
      ["neither folder nor release", { folder: undefined }, /folder: is missing, and so is release/],
      ["a release that is none", { release: "v1" }, /release: is not the id of a release/],
      ["TLS 1.3 on CloudFront's name", { domain: undefined, minimumTls: "1.3" }, /minimumTls: cannot be raised/],
      [
        "an API path without slash",
        { api: { domainName: "x", paths: ["api/*"] } },
        /api\.paths\[0\]: does not start with a slash/,
      ],
      [
        "an origin with a path",
        { allowedOrigins: ["https://example.com/app"] },
        /allowedOrigins\[0\]: is not an origin/,
      ],
      [
        "a firewall that AWS would refuse",
        { firewall: { rateLimits: [{ name: "a", requests: 1 }] } },
        /firewall\.rateLimits\[0\]\.requests: is not a limit/,
      ],
    ];
    for (const [what, change, message] of table) {
      it(what, async () => {
        await assert.rejects(
          build(change),
          (error: unknown) => error instanceof ValidationError && message.test(error.message),
        );
      });
    }

    it("more files than a deployment should carry", async () => {
      const many = mkdtempSync(join(tmpdir(), "site-"));
      try {
        writeFileSync(join(many, "index.html"), "");
        for (let index = 0; index < maxFiles; index++) writeFileSync(join(many, `f${index}`), "");
        await assert.rejects(build({ folder: many }), /folder: has 2001 files[^]*Let the pipeline sync/);
      } finally {
        rmSync(many, { recursive: true });
      }
    });
  });
});

describe("a site's release", () => {
  const base = mkdtempSync(join(tmpdir(), "release-"));
  after(() => rmSync(base, { recursive: true }));

  it("has the same name for the same files anywhere, and another for any change", () => {
    const copy = (name: string) => {
      cpSync(folder, join(base, name), { recursive: true });
      return join(base, name);
    };
    const same = copy("same");
    const edited = copy("edited");
    writeFileSync(join(edited, "index.html"), "<!doctype html>");
    const moved = copy("moved");
    mkdirSync(join(moved, "other"));
    cpSync(join(moved, "index.html"), join(moved, "other", "index.html"));
    assert.equal(readRelease(same).id, readRelease(folder).id);
    assert.equal(new Set([folder, edited, moved].map((one) => readRelease(one).id)).size, 3);
  });

  it("knows what its files are", () => {
    assert.equal(contentTypeOf("index.html"), "text/html; charset=utf-8");
    assert.equal(contentTypeOf("a/b/app.WASM"), "application/wasm");
    assert.equal(contentTypeOf("LICENSE"), "application/octet-stream");
  });

  it("lets browsers keep hashed names for ever, and ask again for all others", () => {
    for (const path of ["assets/app-3f9a1c2b.js", "app.4e1f88aa02.css", "chunk-B7dK2_xQ.js"])
      assert.match(cacheControlOf(path), /immutable/, path);
    for (const path of ["index.html", "app.js", "assets/application-settings.json", "robots.txt"])
      assert.match(cacheControlOf(path), /must-revalidate/, path);
  });
});

describe("the function at the edge", () => {
  const rewrite = (uri: string, singlePage: boolean) => {
    const handler = runInNewContext(`${edgeFunction("0123456789ab", singlePage)}; handler`) as (event: unknown) => {
      uri: string;
    };
    return handler({ request: { uri } }).uri;
  };

  it("finds files, folders and the routes of a single-page application", () => {
    assert.equal(rewrite("/", true), "/releases/0123456789ab/index.html");
    assert.equal(rewrite("/assets/app.js", true), "/releases/0123456789ab/assets/app.js");
    assert.equal(rewrite("/charts/AAPL", true), "/releases/0123456789ab/index.html");
    assert.equal(rewrite("/v1.2/charts", true), "/releases/0123456789ab/index.html");
    assert.equal(rewrite("/docs", false), "/releases/0123456789ab/docs/index.html");
    assert.equal(rewrite("/docs/", false), "/releases/0123456789ab/docs/index.html");
  });

  it("stays within the release for any path", () => {
    fc.assert(
      fc.property(fc.webPath(), fc.boolean(), (path, singlePage) => {
        const uri = rewrite(path.startsWith("/") ? path : `/${path}`, singlePage);
        assert.ok(uri.startsWith("/releases/0123456789ab/"), uri);
        assert.ok(!uri.endsWith("/"), uri);
      }),
    );
  });
});
