import assert from "node:assert/strict";
import {
  amiOf,
  ecrRepository,
  imageUri,
  isArm,
  settingsFor,
} from "../../../components/trading/model-driven-fleet/instance-settings";

const fleet = {
  instanceType: "c6i.xlarge",
  ami: "ami-0123456789abcdef0",
  rootVolumeGiB: 32,
  rootDevice: "/dev/xvda",
  image: "model-trader:1",
};

describe("settings of a model type", () => {
  it("are the fleet's, and the type's own in their place", () => {
    assert.deepEqual(settingsFor("momentum", fleet, {}), fleet);
    const own = { momentum: { instanceType: "c6i.2xlarge", image: "other:2" } };
    assert.deepEqual(settingsFor("momentum", fleet, own), { ...fleet, instanceType: "c6i.2xlarge", image: "other:2" });
    assert.deepEqual(settingsFor("pairs", fleet, own), fleet);
  });

  it("do not take a property of every object for a type", () => {
    assert.deepEqual(settingsFor("constructor", fleet, {}), fleet);
  });

  it("leave the fleet's AMI where the processor is another", () => {
    const arm = settingsFor("momentum", fleet, { momentum: { instanceType: "c7g.xlarge" } });
    assert.equal(arm.ami, undefined);
    assert.equal(amiOf(arm), "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64");
    assert.equal(
      settingsFor("m", fleet, { m: { instanceType: "c7g.xlarge", ami: "ami-00000000" } }).ami,
      "ami-00000000",
    );
  });

  it("know the processors", () => {
    for (const type of [
      "c7g.xlarge",
      "t4g.small",
      "c7gn.large",
      "im4gn.large",
      "x2gd.medium",
      "g5g.xlarge",
      "a1.large",
    ])
      assert.equal(isArm(type), true, type);
    for (const type of [
      "c6i.xlarge",
      "t3.small",
      "g5.xlarge",
      "g4dn.xlarge",
      "p4de.24xlarge",
      "m7i-flex.large",
      "trn1.2xlarge",
    ])
      assert.equal(isArm(type), false, type);
    assert.match(amiOf({ ami: undefined, instanceType: "t3.small" }) as string, /-x86_64$/);
    assert.equal(amiOf(fleet), "ami-0123456789abcdef0");
  });
});

describe("container images", () => {
  const host = "123456789012.dkr.ecr.us-east-1.amazonaws.com";

  it("without a registry are the account's own", () => {
    assert.equal(imageUri("model-trader:1", host), `${host}/model-trader:1`);
    assert.equal(imageUri("team/model-trader@sha256:abc", host), `${host}/team/model-trader@sha256:abc`);
    assert.equal(imageUri("ghcr.io/team/trader:1", host), "ghcr.io/team/trader:1");
    assert.equal(imageUri("localhost/trader:1", host), "localhost/trader:1");
  });

  it("of ECR name their repository", () => {
    assert.deepEqual(ecrRepository(`${host}/team/trader:1`), {
      accountId: "123456789012",
      region: "us-east-1",
      repository: "team/trader",
    });
    assert.equal(ecrRepository("ghcr.io/team/trader:1"), undefined);
  });
});
