import { DescribeInstancesCommand, DescribeVolumesCommand } from "@aws-sdk/client-ec2";
import assert from "node:assert/strict";
import { lifecycle, type Up } from "../lifecycle";
import { ec2Of, networkHolds } from "../read-back";

lifecycle("dev", {
  readBack(up: () => Up) {
    networkHolds(up);

    it("runs the fleet of its listing: private, encrypted, one instance a model", async () => {
      const ec2 = ec2Of(up().stack);
      const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({}));
      const running = Reservations.flatMap(({ Instances = [] }) => Instances).filter(
        ({ State }) => State?.Name === "running",
      );
      assert.equal(running.length, up().ofType("aws:ec2/instance:Instance").length);
      for (const { InstanceId, PublicIpAddress, MetadataOptions } of running) {
        assert.equal(PublicIpAddress, undefined, `${InstanceId} has a public address`);
        assert.equal(MetadataOptions?.HttpTokens, "required", `${InstanceId} serves its metadata without a token`);
      }
      const { Volumes = [] } = await ec2.send(new DescribeVolumesCommand({}));
      assert.ok(Volumes.length >= running.length);
      for (const { VolumeId, Encrypted } of Volumes) assert.ok(Encrypted, `${VolumeId} is not encrypted`);
    });
  },
});
