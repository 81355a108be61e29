import assert from "node:assert/strict";
import { AlarmTopics, severities, type AlarmTopicsArgs } from "../../components/operations/alarm-topics";
import { validate } from "../../config";
import { keyPolicy } from "../../components/security/encryption-key";
import { plain, register, testCloud } from "../support/program";

const nobody = { critical: [], warning: [], info: [] };
const build = (changes: Partial<AlarmTopicsArgs> = {}) =>
  register(() => new AlarmTopics("monitoring", { cloud: testCloud, emails: nobody, ...changes }));

describe("AlarmTopics", () => {
  it("makes a topic a severity under one customer key", async () => {
    const registered = await build();
    const topics = registered.ofType("aws:sns/topic:Topic");
    assert.deepEqual(
      topics.map(({ name }) => name).sort(),
      severities.map((severity) => `monitoring-${severity}`).sort(),
    );
    for (const { propertyDependencies } of topics) {
      assert.match(propertyDependencies.kmsMasterKeyId?.[0] ?? "", /monitoring-alarms-key$/);
    }
  });

  it("lets CloudWatch use the key and publish, for this account only", async () => {
    const statements = keyPolicy({ cloud: testCloud, usedBy: ["cloudwatch"] }).Statement;
    const cloudwatch = statements.find(({ Sid }) => Sid === "Cloudwatch");
    assert.deepEqual(cloudwatch?.Principal, { Service: "cloudwatch.amazonaws.com" });
    assert.deepEqual(cloudwatch.Condition, { StringEquals: { "aws:SourceAccount": testCloud.accountId } });
    const policy = JSON.parse(
      String((await build()).one("aws:sns/topicPolicy:TopicPolicy", "-critical").inputs.policy),
    ) as { Statement: { Effect: string; Condition: unknown; Action: string }[] };
    assert.ok(policy.Statement.every(({ Action }) => Action === "sns:Publish"));
    assert.deepEqual(policy.Statement[0]?.Condition, { StringEquals: { "aws:SourceAccount": testCloud.accountId } });
    assert.deepEqual(policy.Statement.at(-1)?.Condition, { Bool: { "aws:SecureTransport": "false" } });
  });

  it("lets EventBridge use the key and publish without a condition, as it would hold none and drop every event", async () => {
    const registered = await build();
    type Document = {
      Statement: { Principal: { Service?: string | string[] }; Condition?: object; Action: unknown }[];
    };
    const statementOf = (document: unknown) => {
      const { Statement } = JSON.parse(String(document)) as Document;
      const found = Statement.filter(({ Principal }) => [Principal.Service].flat().includes("events.amazonaws.com"));
      assert.equal(found.length, 1);
      return found[0]!;
    };
    const onKey = statementOf(registered.one("aws:kms/key:Key").inputs.policy);
    assert.deepEqual([onKey.Condition, onKey.Action], [undefined, ["kms:Decrypt", "kms:GenerateDataKey"]]);
    for (const { inputs } of registered.ofType("aws:sns/topicPolicy:TopicPolicy")) {
      const onTopic = statementOf(inputs.policy);
      assert.deepEqual([onTopic.Condition, onTopic.Action], [undefined, "sns:Publish"]);
    }
  });

  it("stands whole in another Region, for alarms that have to be there", async () => {
    const emails = { ...nobody, critical: ["oncall@example.com"] };
    const made = await build({ region: "us-west-2", emails, pagerDutyUrl: "https://events.pagerduty.com/x/enqueue" });
    const regional = made.resources.filter(({ type }) => /^aws:(sns|kms)\//.test(type));
    assert.equal(regional.length, 3 + 3 + 2 + 2, "topics, their policies, two subscriptions, key and alias");
    for (const { inputs, name } of regional) assert.equal(inputs.region, "us-west-2", name);
  });

  it("writes to the addresses of each severity", async () => {
    const emails = { critical: ["oncall@example.com"], warning: ["desk@example.com", "ml@example.com"], info: [] };
    const subscriptions = (await build({ emails })).ofType("aws:sns/topicSubscription:TopicSubscription");
    assert.deepEqual(subscriptions.map(({ name, inputs }) => [name, inputs.endpoint]).sort(), [
      ["monitoring-critical-oncall-example-com", "oncall@example.com"],
      ["monitoring-warning-desk-example-com", "desk@example.com"],
      ["monitoring-warning-ml-example-com", "ml@example.com"],
    ]);
  });

  it("tells PagerDuty of critical alarms, its address a secret as it holds a key", async () => {
    const pagerDutyUrl = "https://events.pagerduty.com/integration/abc/enqueue";
    const registered = await build({ pagerDutyUrl });
    const { inputs, propertyDependencies } = registered.one(
      "aws:sns/topicSubscription:TopicSubscription",
      "-pagerduty",
    );
    assert.notEqual(inputs.endpoint, pagerDutyUrl, "marked as a secret");
    assert.equal(plain(inputs.endpoint), pagerDutyUrl);
    assert.deepEqual([inputs.protocol, inputs.endpointAutoConfirms], ["https", true], "PagerDuty confirms by itself");
    assert.match(propertyDependencies.topic?.[0] ?? "", /monitoring-critical$/);
  });

  it("is refused in a live stack when nobody would hear a critical alarm", () => {
    const raw = { stage: "prod", owner: "trading", monitoring: {} };
    assert.throws(
      () => validate({ project: "p", organization: "o", stack: "prod" }, raw, "us-east-1"),
      /monitoring: tells nobody of a critical alarm in a live stack/,
    );
    const heard = { ...raw, monitoring: { emails: { critical: ["oncall@example.com"] } } };
    assert.ok(validate({ project: "p", organization: "o", stack: "prod" }, heard, "us-east-1").monitoring);
  });

  it("refuses an address that is none, and another company's", () => {
    const raw = {
      stage: "dev",
      owner: "trading",
      monitoring: { emails: { info: ["nobody"] }, pagerDutyUrl: "https://evil.example/" },
    };
    assert.throws(
      () => validate({ project: "p", organization: "o", stack: "dev" }, raw, "us-east-1"),
      (error: Error) =>
        error.message.includes("monitoring.emails.info[0]: is not an e-mail address") &&
        error.message.includes("monitoring.pagerDutyUrl: is not PagerDuty's address"),
    );
  });
});
