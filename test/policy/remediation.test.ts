import assert from "node:assert/strict";
import { specialSecretSig, specialSigKey } from "@pulumi/pulumi/runtime/rpc";
import { analyze, remediate, secret, unknown } from "./support/pack";

const volume = (props: object) => ({ type: "aws:ebs/volume:Volume", props: { ...props } });

describe("remediation", () => {
  it("mends what it can, so that the same policy then passes", async () => {
    const cases: [policy: string, type: string, props: Record<string, unknown>][] = [
      ["kms-key-rotation", "aws:kms/key:Key", { enableKeyRotation: false }],
      ["kms-deletion-window", "aws:kms/key:Key", { deletionWindowInDays: 7 }],
      ["no-public-ip-subnet", "aws:ec2/subnet:Subnet", { mapPublicIpOnLaunch: true }],
      ["rds-not-public", "aws:rds/instance:Instance", { publiclyAccessible: true }],
      ["imds-v2", "aws:ec2/launchTemplate:LaunchTemplate", { metadataOptions: { httpEndpoint: "enabled" } }],
      ["s3-public-access-blocked", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", { bucket: "b" }],
      ["ebs-volume-encrypted", "aws:ebs/volume:Volume", { kmsKeyId: "k" }],
      [
        "launch-template-volumes-encrypted",
        "aws:ec2/launchTemplate:LaunchTemplate",
        { blockDeviceMappings: [{ deviceName: "/dev/xvda", ebs: { kmsKeyId: "k" } }] },
      ],
      ["instance-volumes-encrypted", "aws:ec2/instance:Instance", { rootBlockDevice: { kmsKeyId: "k" } }],
      ["sqs-queue-encrypted", "aws:sqs/queue:Queue", {}],
      ["rds-deletion-protection", "aws:rds/instance:Instance", {}],
    ];
    for (const [policy, type, props] of cases) {
      assert.notDeepEqual(await analyze(policy, { type, props }), [], policy);
      const mended = await remediate(policy, { type, props }, { stage: "qa" });
      assert.ok(mended, policy);
      const after = await analyze(policy, { type, props: mended });
      assert.deepEqual(
        after.filter(({ enforcement }) => enforcement === "mandatory"),
        [],
        policy,
      );
    }
  });

  it("leaves alone what passes, and production", async () => {
    assert.equal(await remediate("ebs-volume-encrypted", volume({ encrypted: true }), { stage: "dev" }), undefined);
    assert.equal(await remediate("ebs-volume-encrypted", volume({}), { stage: "prod" }), undefined);
    assert.deepEqual(await remediate("ebs-volume-encrypted", volume({}), { stage: "dev" }), { encrypted: true });
  });

  it("keeps secrets secret and unknown values unknown", async () => {
    const mended = await remediate("ebs-volume-encrypted", volume({ snapshotId: secret("snap-1"), size: unknown }), {
      stage: "dev",
    });
    assert.deepEqual(mended!.snapshotId, { [specialSigKey]: specialSecretSig, value: "snap-1" });
    assert.equal(mended!.size, unknown);
  });
});
