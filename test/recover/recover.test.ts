import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import fc from "fast-check";
import { main } from "../../delivery/recover/cli";
import { globalServices, ruleOf, type Inputs } from "../../recover/ids";
import { interruptedChanges, interruptedCreations, known, settled, type StackState } from "../../recover/state";
import { assertTold, captured } from "../support/command";
import { evaluated, stackFiles } from "../support/every-stack";

import { creating, providerUrn, resource, stateWith, subnetType, urnOf, vpcType } from "./interrupted-state";

describe("what an interrupted run left in a state", () => {
  it("is each creation, with the Region and the profile in which it was asked for", () => {
    const state = stateWith(
      [resource(vpcType, "net", { id: "vpc-1" })],
      [
        creating(subnetType, "a", {}, { provider: `${providerUrn}::p1` }),
        creating(subnetType, "b", { region: "us-west-2" }, { provider: `${providerUrn}::p1` }),
        creating(subnetType, "c"),
        { type: "updating", resource: resource(vpcType, "net") },
        { type: "deleting", resource: resource(vpcType, "gone") },
      ],
    );
    assert.deepEqual(
      interruptedCreations(state, "us-east-1").map(({ name, type, region, profile }) => [name, type, region, profile]),
      [
        ["a", subnetType, "eu-west-1", "live"],
        ["b", subnetType, "us-west-2", "live"],
        ["c", subnetType, "us-east-1", undefined],
      ],
    );
    // What is no longer in the state needs no second look.
    assert.deepEqual(interruptedChanges(state), [urnOf(vpcType, "net")]);
    assert.deepEqual(interruptedCreations({ version: 3, deployment: null }, "us-east-1"), []);
  });

  it("is settled: taken over to be read; what is not is under way no longer", () => {
    const held = [
      resource(vpcType, "net", { id: "vpc-1" }),
      resource(subnetType, "b", { id: "subnet-old", pendingReplacement: true }),
    ];
    const state = stateWith(held, [
      creating(subnetType, "a", { cidrBlock: "10.0.0.0/24" }),
      creating(subnetType, "b"),
      creating(subnetType, "c"),
      { type: "updating", resource: resource(vpcType, "net") },
    ]);
    const ids = new Map(["a", "b"].map((name) => [urnOf(subnetType, name), `subnet-${name}`]));
    const { resources, pending_operations: pending } = settled(state, ids).deployment;
    assert.deepEqual(
      resources.map(({ urn, id, pendingReplacement }) => [urn.split("::").at(-1), id, pendingReplacement]),
      [
        ["default", "p1", undefined],
        ["net", "vpc-1", undefined],
        ["b", "subnet-b", undefined], // in the place of the one that had been removed to be made anew
        ["a", "subnet-a", undefined],
      ],
    );
    const adopted = resources.at(-1);
    assert.deepEqual([adopted?.inputs, adopted?.outputs], [{ cidrBlock: "10.0.0.0/24" }, {}]);
    assert.deepEqual(pending, []);
  });

  it("loses nothing that the state held, whatever is taken over", () => {
    const names = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e", "f"), { minLength: 1 });
    fc.assert(
      fc.property(names, fc.func(fc.boolean()), (all, takes) => {
        const taken = all.filter((name) => takes(name)).map((name) => urnOf(subnetType, name));
        const state = stateWith(
          [resource(vpcType, "net", { id: "vpc-1" })],
          all.map((name) => creating(subnetType, name)),
        );
        const after = settled(state, new Map(taken.map((urn) => [urn, `id of ${urn}`])));
        assert.deepEqual([...known(after).urns], [providerUrn, urnOf(vpcType, "net"), ...taken]);
      }),
    );
  });
});

describe("how a resource is known again", () => {
  const byName = (type: string, inputs: Inputs) => {
    const rule = ruleOf(type);
    assert.ok(typeof rule === "object" && rule.by === "name", type);
    return rule.id(inputs);
  };
  const byArn = (type: string, arn: string, inputs: Inputs = {}) => {
    const rule = ruleOf(type);
    assert.ok(typeof rule === "object" && rule.by === "tags", type);
    return rule.id(arn, inputs);
  };

  it("is the name that the engine chose, or what it joins, in the form that an import takes", () => {
    assert.equal(byName("aws:s3/bucket:Bucket", { bucket: "algo-model-deploy-prod" }), "algo-model-deploy-prod");
    assert.equal(byName("aws:iam/rolePolicy:RolePolicy", { role: "host", name: "reads" }), "host:reads");
    assert.equal(
      byName("aws:ec2/route:Route", { routeTableId: "rtb-1", destinationCidrBlock: "0.0.0.0/0" }),
      "rtb-1_0.0.0.0/0",
    );
    assert.equal(
      byName("aws:ec2/routeTableAssociation:RouteTableAssociation", { subnetId: "subnet-1", routeTableId: "rtb-1" }),
      "subnet-1/rtb-1",
    );
    const rule = "aws:cloudwatch/eventRule:EventRule";
    assert.deepEqual(
      [{ name: "r" }, { name: "r", eventBusName: "default" }, { name: "r", eventBusName: "own" }].map((one) =>
        byName(rule, one),
      ),
      ["r", "r", "own/r"],
    );
    const schedule = "aws:scheduler/schedule:Schedule";
    assert.equal(byName(schedule, { name: "start" }), "default/start");
    assert.equal(byName(schedule, { name: "start", groupName: "market" }), "market/start");
    assert.equal(
      byName("aws:route53/record:Record", { zoneId: "Z1", name: "a.example.com", type: "A" }),
      "Z1_a.example.com_A",
    );
    assert.equal(byName("aws:iam/rolePolicy:RolePolicy", { role: "host" }), undefined);
  });

  it("is its ARN, where that is of its type and has its name", () => {
    const of = (rest: string) => `arn:aws:${rest}`;
    assert.equal(byArn(subnetType, of("ec2:us-east-1:1:subnet/subnet-1")), "subnet-1");
    assert.equal(byArn(subnetType, of("ec2:us-east-1:1:vpc/vpc-1")), undefined);
    const secret = of("secretsmanager:us-east-1:1:secret:prod/redis-AbCdEf");
    assert.equal(byArn("aws:secretsmanager/secret:Secret", secret, { name: "prod/redis" }), secret);
    assert.equal(byArn("aws:secretsmanager/secret:Secret", secret, { name: "prod/red" }), undefined);
    const zone = of("route53:::hostedzone/Z1"); // without its name
    assert.equal(byArn("aws:route53/zone:Zone", zone, { name: "example.com" }), "Z1");
    const isGlobal = (type: string) => {
      const rule = ruleOf(type);
      return typeof rule === "object" && rule.by === "tags" && globalServices.has(rule.service);
    };
    assert.deepEqual(["aws:route53/zone:Zone", "aws:budgets/budget:Budget", subnetType].map(isGlobal), [
      true,
      true,
      false,
    ]);
    const component = of("imagebuilder:us-east-1:1:component/gpu-driver/1.0.0/1"); // written small
    assert.equal(byArn("aws:imagebuilder/component:Component", component, { name: "GPU-driver" }), component);
    const topic = of("sns:us-east-1:1:critical-1a2b3c");
    assert.equal(byArn("aws:sns/topic:Topic", topic, { name: "critical-1a2b3c" }), topic);
    assert.equal(byArn("aws:sns/topic:Topic", topic, { name: "warning-1a2b3c" }), undefined);
    assert.equal(
      byArn("aws:sqs/queue:Queue", of("sqs:eu-west-1:123:orders"), { name: "orders" }),
      "https://sqs.eu-west-1.amazonaws.com/123/orders",
    );
    assert.equal(
      byArn("aws:wafv2/webAcl:WebAcl", of("wafv2:us-east-1:1:global/webacl/site/abc"), { name: "site" }),
      "abc/site/CLOUDFRONT",
    );
    assert.equal(
      byArn("aws:wafv2/webAcl:WebAcl", of("wafv2:us-east-1:1:regional/webacl/api/abc"), { name: "api" }),
      "abc/api/REGIONAL",
    );
    assert.equal(
      byArn("aws:wafv2/webAcl:WebAcl", of("wafv2:us-east-1:1:regional/ipset/api/abc"), { name: "api" }),
      undefined,
    );
  });

  it("is written down for every type of every stack and blueprint, but for seven", async () => {
    const types = new Set<string>();
    for (const file of stackFiles) {
      const { resources } = (await evaluated(file)).result;
      for (const { type, custom } of resources) if (custom && type.startsWith("aws:")) types.add(type);
    }
    assert.ok(types.size > 120, `only ${types.size} types`);
    assert.deepEqual([...types].filter((type) => ruleOf(type) === undefined).sort(), [
      "aws:backup/selection:Selection",
      "aws:cloudfront/cachePolicy:CachePolicy",
      "aws:cloudfront/originAccessControl:OriginAccessControl",
      "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy",
      "aws:glue/catalogTable:CatalogTable",
      "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
      "aws:securityhub/account:Account",
    ]);
  });
});

describe("npm run recover", () => {
  it("teaches by its help, and tells mistakes by a message and a status", async () => {
    const help = await captured(main, "--help");
    assert.equal(help.status, 0);
    assert.match(help.stdout, /npm run recover -- prod --yes/);
    assertTold(await captured(main), 2, /missing required argument 'stack'/);
    assertTold(await captured(main, "a b"), 2, /"a b" cannot be a stack's name/);
    assertTold(await captured(main, "prod", "--cwd", ""), 2, /It is empty/);
    const { PATH } = process.env;
    process.env.PATH = "/nowhere";
    try {
      assertTold(
        await captured(main, "prod"),
        3,
        /pulumi stack export --stack prod: the Pulumi CLI is not on the PATH/,
      );
    } finally {
      process.env.PATH = PATH;
    }
  });

  describe("with a state that it is given", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "recover-"));
    const kept = { ...process.env };
    const without = ["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"];

    /** A pulumi that exports a state, and says when it is told to change it. */
    const exports = (state: StackState) => {
      writeFileSync(path.join(folder, "state.json"), JSON.stringify(state));
      const script = `#!/bin/sh\ncase "$*" in "stack export"*) cat ${folder}/state.json;; *) echo "$*" >>${folder}/said;; esac\n`;
      writeFileSync(path.join(folder, "pulumi"), script, { mode: 0o755 });
    };

    before(() => {
      for (const name of without) Reflect.deleteProperty(process.env, name);
      const none = {
        AWS_SHARED_CREDENTIALS_FILE: "/nowhere",
        AWS_CONFIG_FILE: "/nowhere",
        AWS_EC2_METADATA_DISABLED: "true",
      };
      writeFileSync(path.join(folder, "Pulumi.yaml"), "name: trading-platform\n");
      Object.assign(process.env, none, { PATH: `${folder}:${kept.PATH}` });
    });

    after(() => {
      for (const name of Object.keys(process.env)) if (!(name in kept)) Reflect.deleteProperty(process.env, name);
      Object.assign(process.env, kept);
      rmSync(folder, { recursive: true });
    });

    it("has nothing to do", async () => {
      exports(stateWith([], []));
      const { status, stdout } = await captured(main, "prod", "--yes");
      assert.deepEqual([status, stdout], [0, "prod: no operation was under way when the last run ended\n"]);
    });

    it("changes nothing before somebody has looked at what it cannot tell", async () => {
      exports(
        stateWith(
          [],
          [creating("aws:glue/catalogTable:CatalogTable", "ticks"), creating("aws:sns/topicPolicy:TopicPolicy", "p")],
        ),
      );
      const { status, stdout } = await captured(main, "prod", "--yes", "--cwd", folder);
      assert.equal(status, 1);
      assert.match(stdout, /look first {2}aws:glue.*ticks/);
      assert.match(
        stdout,
        /Nothing was changed: 1 to look at first\. Take over or remove what is there, then --yes --forget\./,
      );
      assert.ok(!existsSync(path.join(folder, "said")), "the engine was told to change something");

      const forgets = await captured(main, "prod", "--yes", "--forget", "--cwd", folder);
      assert.equal(forgets.status, 0);
      assert.match(forgets.stdout, /Taken over: 0\. Left for the next deployment to make: 1\. Forgotten: 1\n/);
      assert.match(readFileSync(path.join(folder, "said"), "utf8"), /^stack import --file \S+ --stack prod /);
      const [copy = ""] = readdirSync(path.join(folder, ".recover"));
      const copied = JSON.parse(readFileSync(path.join(folder, ".recover", copy), "utf8")) as StackState;
      assert.equal(copied.deployment?.pending_operations?.length, 2, "the state as it was is kept");
    });

    it("says that nobody is logged in, and changes nothing", async () => {
      exports(stateWith([], [creating(subnetType, "a", { tags: { Name: "a" } })]));
      assertTold(
        await captured(main, "prod", "--yes"),
        3,
        /AWS could not be asked: there are no AWS credentials: log in/,
      );
    });
  });
});
